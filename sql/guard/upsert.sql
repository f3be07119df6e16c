-- Purpose: make or raise the guard of a move in this database.
-- Parameters: $1 move id, $2 organization, $3 side, $4 epoch, $5 pass
-- Result: one row where the epoch was not newer already, else none
-- Locks: row lock on the guard; waits for the transactions that hold it FOR SHARE
INSERT INTO org_mover.guard AS g (move_id, org, side, epoch, open, pass)
VALUES ($1, $2, $3, $4, true, $5)
ON CONFLICT (move_id) DO UPDATE SET epoch = excluded.epoch WHERE g.epoch <= excluded.epoch
RETURNING g.pass
