-- Purpose: what the driver of a move waits for, and which limit it keeps.
-- Parameters: $1 move id, $2 epoch, $3 waits_for or null, $4 bytes per second or null
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  INSERT INTO org_mover.throttle (move_id, waits_for, max_bytes_per_second) SELECT held.id, $3, $4::bigint FROM held
  ON CONFLICT (move_id) DO UPDATE SET waits_for = excluded.waits_for, max_bytes_per_second = excluded.max_bytes_per_second
)
SELECT count(*)::int AS held FROM held
