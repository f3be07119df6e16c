-- Purpose: what the mover made for a move and has not removed yet, the newest first.
-- Parameters: $1 move id, $2 cell or null, $3 database or null
-- Result: cell, database, kind, name
SELECT cell, database, kind, name
FROM org_mover.created_object
WHERE move_id = $1 AND ($2::text IS NULL OR cell = $2) AND ($3::text IS NULL OR database = $3) AND removed_at IS NULL
ORDER BY created_at DESC, kind, name
