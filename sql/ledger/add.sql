-- Purpose: record a loaded chunk, in the transaction that loaded it.
-- Parameters: $1 move id, $2 table number, $3 chunk number, $4 rows
INSERT INTO org_mover.ledger (move_id, table_no, chunk_no, rows) VALUES ($1, $2, $3, $4)
