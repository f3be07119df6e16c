-- Purpose: enter the tables of a move; what they have done so far stays.
-- Parameters: $1 move id, $2 epoch, $3 jsonb array of {table_no, database, schema_name, table_name, class, rows_planned}
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  INSERT INTO org_mover.move_table AS t (move_id, table_no, database, schema_name, table_name, class, rows_planned)
  SELECT held.id, n.table_no, n.database, n.schema_name, n.table_name, n.class, n.rows_planned
  FROM held
  CROSS JOIN jsonb_to_recordset($3::jsonb) AS n(table_no int, database text, schema_name text, table_name text, class text, rows_planned bigint)
  ON CONFLICT (move_id, table_no) DO UPDATE
  SET database = excluded.database, schema_name = excluded.schema_name, table_name = excluded.table_name, class = excluded.class,
      rows_planned = excluded.rows_planned
)
SELECT count(*)::int AS held FROM held
