-- Purpose: what the participants of a move were asked.
-- Parameters: $1 move id
-- Result: participant, verb, run, state, attempts, facts, error, started_at, seconds (up to now for a run that has not ended)
SELECT participant, verb, run, state, attempts, facts, error, started_at, extract(epoch FROM coalesce(ended_at, clock_timestamp()) - started_at)::float8 AS seconds
FROM org_mover.participant_run WHERE move_id = $1 ORDER BY started_at, participant
