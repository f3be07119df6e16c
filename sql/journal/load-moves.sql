-- Purpose: moves whose id begins with a prefix.
-- Parameters: $1 prefix, lower case
-- Result: at most two rows of org_mover.move (one is enough to act on, two to refuse), with frozen_seconds, lease_seconds_left and
--   heard_seconds by this server's clock
SELECT *, extract(epoch FROM coalesce(thawed_at, clock_timestamp()) - frozen_at)::float8 AS frozen_seconds,
       extract(epoch FROM lease_until - clock_timestamp())::float8 AS lease_seconds_left,
       extract(epoch FROM clock_timestamp() - updated_at)::float8 AS heard_seconds
FROM org_mover.move WHERE starts_with(id::text, $1) ORDER BY id LIMIT 2
