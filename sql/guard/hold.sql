-- Purpose: prove, first thing in every writing transaction, that this process still drives the move.
-- Parameters: $1 move id, $2 epoch
-- Result: one row if so
-- Locks: FOR SHARE on the guard's row until the end of the transaction; a take-over waits for it
SELECT 1 AS held FROM org_mover.guard WHERE move_id = $1 AND epoch = $2 AND open FOR SHARE
