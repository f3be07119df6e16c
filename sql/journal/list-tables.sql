-- Purpose: the tables of a move.
-- Parameters: $1 move id
-- Result: the columns of org_mover.move_table
SELECT * FROM org_mover.move_table WHERE move_id = $1 ORDER BY table_no
