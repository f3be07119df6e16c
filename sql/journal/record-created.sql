-- Purpose: record what is about to be made on a cell.
-- Parameters: $1 move id, $2 epoch, $3 jsonb array of {cell, database, kind, name}
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  INSERT INTO org_mover.created_object (move_id, cell, database, kind, name)
  SELECT DISTINCT held.id, n.cell, n.database, n.kind, n.name
  FROM held
  CROSS JOIN jsonb_to_recordset($3::jsonb) AS n(cell text, database text, kind text, name text)
  ON CONFLICT (move_id, cell, database, kind, name) DO UPDATE SET removed_at = NULL
)
SELECT count(*)::int AS held FROM held
