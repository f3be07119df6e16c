-- Purpose: the guard of the move as the replica has it: a server of another branch of the cluster's history has not this one.
-- Parameters: $1 move id, $2 epoch
-- Result: one row where it is there
SELECT 1 AS held FROM org_mover.guard WHERE move_id = $1 AND epoch = $2
