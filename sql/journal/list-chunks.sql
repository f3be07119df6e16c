-- Purpose: chunks of a move, in order.
-- Parameters: $1 move id, $2 table number or null for all
-- Result: the columns of org_mover.chunk
SELECT * FROM org_mover.chunk WHERE move_id = $1 AND ($2::int IS NULL OR table_no = $2) ORDER BY table_no, chunk_no
