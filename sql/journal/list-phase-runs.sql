-- Purpose: the runs of a move's phases in their order.
-- Parameters: $1 move id
-- Result: phase, started_at, ended_at, outcome, seconds (up to now for an open run), driver, version
SELECT phase, started_at, ended_at, outcome, extract(epoch FROM coalesce(ended_at, clock_timestamp()) - started_at)::float8 AS seconds, driver, version
FROM org_mover.phase_run
WHERE move_id = $1
ORDER BY seq
