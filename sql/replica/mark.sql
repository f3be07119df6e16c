-- Purpose: a commit of this driver on the source: once it is answered, all that was committed before it is in the log, that of
--   sessions with asynchronous commit included.
-- Parameters: $1 move id, $2 epoch
-- Result: one row, or none where another driver has taken the move over
-- Locks: the guard's row, until the commit
UPDATE org_mover.guard SET epoch = epoch WHERE move_id = $1 AND epoch = $2 RETURNING 1 AS held
