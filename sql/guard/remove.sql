-- Purpose: remove the guard of a move that holds this database no more.
-- Parameters: $1 move id
DELETE FROM org_mover.guard WHERE move_id = $1
