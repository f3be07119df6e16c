-- Purpose: a phase begins; a run left open by this driver is closed as interrupted.
-- Parameters: $1 move id, $2 epoch, $3 phase, $4 version of the program
-- Result: held (1 or 0)
-- Locks: the row of the move
WITH held AS (
  UPDATE org_mover.move SET phase = $3, updated_at = clock_timestamp() WHERE id = $1 AND epoch = $2 RETURNING id, lease_holder
), closed AS (
  UPDATE org_mover.phase_run r SET ended_at = clock_timestamp(), outcome = 'interrupted'
  FROM held
  WHERE r.move_id = held.id AND r.ended_at IS NULL
), started AS (
  INSERT INTO org_mover.phase_run (move_id, phase, driver, version) SELECT held.id, $3, held.lease_holder, $4 FROM held
)
SELECT count(*)::int AS held FROM held
