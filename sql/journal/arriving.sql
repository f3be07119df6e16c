-- Purpose: how many other organizations are on their way to a cell: their routes do not lead there yet.
-- Parameters: $1 cell, $2 organization that does not count
-- Result: moves (text)
SELECT count(*)::text AS moves FROM org_mover.move
WHERE target = $1 AND org <> $2 AND cut_over_at IS NULL AND state NOT IN ('completed', 'aborted')
