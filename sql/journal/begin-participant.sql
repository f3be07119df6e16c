-- Purpose: a participant is about to be asked; what a dead driver began is the same run, what had ended is a new one.
-- Parameters: $1 move id, $2 epoch, $3 participant, $4 verb
-- Result: held (1 or 0), run
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  INSERT INTO org_mover.participant_run AS p (move_id, participant, verb, state) SELECT held.id, $3, $4, 'running' FROM held
  ON CONFLICT (move_id, participant, verb) DO UPDATE
  SET run = CASE WHEN p.state = 'running' THEN p.run ELSE p.run + 1 END, state = 'running', attempts = 0, facts = '{}', error = NULL,
      started_at = clock_timestamp(), ended_at = NULL
  RETURNING run
)
SELECT (SELECT count(*)::int FROM held) AS held, (SELECT run FROM written) AS run
