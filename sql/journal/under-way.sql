-- Purpose: the moves that burden a cell: begun, and neither cut over nor ended.
-- Parameters: $1 cell
-- Result: id, org, the oldest first
SELECT id, org FROM org_mover.move
WHERE $1 IN (source, target) AND cut_over_at IS NULL AND state NOT IN ('completed', 'aborted')
ORDER BY created_at, id
