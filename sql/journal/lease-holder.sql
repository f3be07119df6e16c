-- Purpose: who holds the lease of a move.
-- Parameters: $1 move id
-- Result: holder, until, seconds_left
SELECT lease_holder AS holder, lease_until AS until, extract(epoch FROM lease_until - clock_timestamp())::float8 AS seconds_left
FROM org_mover.move
WHERE id = $1
