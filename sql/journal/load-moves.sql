-- Purpose: moves whose id begins with a prefix.
-- Parameters: $1 prefix, lower case
-- Result: at most two rows of org_mover.move: one is enough to act on, two to refuse
SELECT * FROM org_mover.move WHERE starts_with(id::text, $1) ORDER BY id LIMIT 2
