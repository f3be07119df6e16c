-- Purpose: whether a chunk is loaded already.
-- Parameters: $1 move id, $2 table number, $3 chunk number
SELECT rows::text AS rows FROM org_mover.ledger WHERE move_id = $1 AND table_no = $2 AND chunk_no = $3
