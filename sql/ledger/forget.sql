-- Purpose: take a chunk out of the ledger, in the transaction that deleted its rows.
-- Parameters: $1 move id, $2 table number, $3 chunk number
WITH keys AS (DELETE FROM org_mover.ledger_keys WHERE move_id = $1 AND table_no = $2 AND chunk_no = $3)
DELETE FROM org_mover.ledger WHERE move_id = $1 AND table_no = $2 AND chunk_no = $3
