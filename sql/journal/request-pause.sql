-- Purpose: ask the driver of a move to rest at the next chunk or phase.
-- Parameters: $1 move id, $2 who asks
-- Result: one row (1); none where nobody drives the move, by this server's clock
-- Locks: the row of the move
UPDATE org_mover.move SET pause_requested_at = coalesce(pause_requested_at, clock_timestamp()), pause_requested_by = coalesce(pause_requested_by, $2)
WHERE id = $1 AND lease_holder IS NOT NULL AND lease_until > clock_timestamp()
RETURNING 1 AS asked
