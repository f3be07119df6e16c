-- Purpose: which chunks this cell holds, whatever the journal says.
-- Parameters: $1 move id
-- Result: table_no, chunk_no, rows (text)
SELECT table_no, chunk_no, rows::text AS rows FROM org_mover.ledger WHERE move_id = $1
