-- Purpose: moves, the newest first, without plan and manifest, which are large.
-- Parameters: $1 organization or null, $2 text[] of states or null
-- Result: the other columns of org_mover.move
SELECT id, org, source, target, state, phase, pause_before, epoch, lease_holder, lease_until, route_epoch, verification, findings, error,
       created_at, updated_at, frozen_at, thawed_at, cut_over_at, retention_until, ended_at, created_by, bytes_copied
FROM org_mover.move
WHERE ($1::text IS NULL OR org = $1) AND ($2::text[] IS NULL OR state = ANY ($2))
ORDER BY created_at DESC, id DESC
