-- Purpose: the same, by the process that drives the move.
-- Parameters: $1 move id, $2 epoch, $3 who, $4 command, $5 kind, $6 detail (jsonb)
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  INSERT INTO org_mover.event (move_id, who, command, kind, detail) SELECT held.id, $3, $4, $5, $6::jsonb FROM held
)
SELECT count(*)::int AS held FROM held
