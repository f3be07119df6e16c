-- Purpose: heartbeat.
-- Parameters: $1 move id, $2 epoch, $3 milliseconds, $4 what the driver does (jsonb)
-- Result: one row (1); none for a process that lost its lease
-- Locks: the row of the move
UPDATE org_mover.move SET lease_until = clock_timestamp() + $3::float8 * interval '1 ms', updated_at = clock_timestamp(), activity = $4::jsonb
WHERE id = $1 AND epoch = $2 AND lease_holder IS NOT NULL
RETURNING 1 AS held
