-- Purpose: the open run of a phase ends.
-- Parameters: $1 move id, $2 epoch, $3 phase, $4 outcome
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move: a take-over waits
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), closed AS (
  UPDATE org_mover.phase_run r SET ended_at = clock_timestamp(), outcome = $4
  FROM held
  WHERE r.move_id = held.id AND r.phase = $3 AND r.ended_at IS NULL
)
SELECT count(*)::int AS held FROM held
