-- Purpose: the move of an organization that has not ended.
-- Parameters: $1 organization
-- Result: id, state, source, target; at most one row (index move_one_per_org)
SELECT id, state, source, target FROM org_mover.move WHERE org = $1 AND state NOT IN ('completed', 'aborted')
