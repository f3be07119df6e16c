-- Purpose: a move away from a cell whose rows there have not been purged yet.
-- Parameters: $1 organization, $2 cell
-- Result: id, state; at most one row
SELECT id, state FROM org_mover.move WHERE org = $1 AND source = $2 AND state IN ('cut_over', 'purging') ORDER BY id DESC LIMIT 1
