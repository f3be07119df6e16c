-- Purpose: how far tables are.
-- Parameters: $1 move id, $2 epoch, $3 array of table numbers, $4 state
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  UPDATE org_mover.move_table t SET state = $4 FROM held WHERE t.move_id = held.id AND t.table_no = ANY ($3::int[])
)
SELECT count(*)::int AS held FROM held
