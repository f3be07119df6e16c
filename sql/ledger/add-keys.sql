-- Purpose: record one key column of a loaded chunk.
-- Parameters: $1 move id, $2 table number, $3 chunk number, $4 column number, $5 keys as text array
INSERT INTO org_mover.ledger_keys (move_id, table_no, chunk_no, column_no, keys) VALUES ($1, $2, $3, $4, $5::text[])
