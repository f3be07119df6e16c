-- Purpose: what the mover made for a move on the cells, and whether it is gone.
-- Parameters: $1 move id
-- Result: cell, database, kind, name, removed_at
SELECT cell, database, kind, name, removed_at FROM org_mover.created_object WHERE move_id = $1 ORDER BY created_at, cell, database, name
