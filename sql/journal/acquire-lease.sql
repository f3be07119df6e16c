-- Purpose: take the lease of a move that nobody holds, by this server's clock, or that of a living driver where that is asked for. What the last driver left open ends when it was last heard of.
-- Parameters: $1 move id, $2 holder, $3 milliseconds, $4 whether from a living driver too
-- Result: epoch (text); none where another process holds it
-- Locks: the row of the move; waits for writes that hold it FOR SHARE
WITH held AS (
  UPDATE org_mover.move m
  SET epoch = m.epoch + 1, lease_holder = $2, lease_until = clock_timestamp() + $3::float8 * interval '1 ms', updated_at = clock_timestamp(),
      pause_requested_at = NULL, pause_requested_by = NULL, activity = NULL
  FROM org_mover.move before
  WHERE m.id = $1 AND before.id = m.id AND (m.lease_holder IS NULL OR m.lease_until < clock_timestamp() OR $4)
  RETURNING m.id, m.epoch, before.updated_at AS last_heard
), closed AS (
  UPDATE org_mover.phase_run r SET ended_at = greatest(r.started_at, held.last_heard), outcome = 'interrupted'
  FROM held
  WHERE r.move_id = held.id AND r.ended_at IS NULL
)
SELECT epoch::text AS epoch FROM held
