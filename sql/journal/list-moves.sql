-- Purpose: moves, the newest first, without plan and manifest, which are large.
-- Parameters: $1 organization or null, $2 text[] of states or null
-- Result: the other columns of org_mover.move, and seconds by this server's clock as in load-moves
SELECT id, org, source, target, state, phase, pause_before, epoch, lease_holder, lease_until, route_epoch, verification, findings, error,
       created_at, updated_at, frozen_at, thawed_at, cut_over_at, retention_until, ended_at, created_by, bytes_copied,
       max_window_ms, estimate, pause_requested_at, pause_requested_by, activity,
       extract(epoch FROM coalesce(thawed_at, clock_timestamp()) - frozen_at)::float8 AS frozen_seconds,
       extract(epoch FROM lease_until - clock_timestamp())::float8 AS lease_seconds_left,
       extract(epoch FROM clock_timestamp() - updated_at)::float8 AS heard_seconds
FROM org_mover.move
WHERE ($1::text IS NULL OR org = $1) AND ($2::text[] IS NULL OR state = ANY ($2))
ORDER BY created_at DESC, id DESC
