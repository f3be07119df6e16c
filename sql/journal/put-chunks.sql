-- Purpose: enter chunks. A chunk that is there stays as it is: the cell's ledger knows it by its number, so its
--   bounds must never change.
-- Parameters: $1 move id, $2 epoch, $3 jsonb array of {table_no, chunk_no, lower, upper, rows}
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  INSERT INTO org_mover.chunk (move_id, table_no, chunk_no, lower, upper, rows)
  SELECT held.id, n.table_no, n.chunk_no, nullif(n.lower, 'null'), nullif(n.upper, 'null'), n.rows
  FROM held
  CROSS JOIN jsonb_to_recordset($3::jsonb) AS n(table_no int, chunk_no int, lower jsonb, upper jsonb, rows bigint)
  ON CONFLICT (move_id, table_no, chunk_no) DO NOTHING
)
SELECT count(*)::int AS held FROM held
