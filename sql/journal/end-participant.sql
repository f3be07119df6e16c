-- Purpose: how a participant's run has ended.
-- Parameters: $1 move id, $2 epoch, $3 participant, $4 verb, $5 state, $6 attempts, $7 facts (jsonb), $8 error
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  UPDATE org_mover.participant_run AS p SET state = $5, attempts = $6, facts = $7::jsonb, error = $8, ended_at = clock_timestamp()
  FROM held WHERE p.move_id = held.id AND p.participant = $3 AND p.verb = $4
)
SELECT count(*)::int AS held FROM held
