-- Purpose: give the lease back. The epoch stays; whoever comes next raises it.
-- Parameters: $1 move id, $2 epoch
-- Locks: the row of the move
UPDATE org_mover.move SET lease_holder = NULL, lease_until = NULL, pause_requested_at = NULL, pause_requested_by = NULL, activity = NULL WHERE id = $1 AND epoch = $2 RETURNING 1 AS held
