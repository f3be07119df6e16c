-- Purpose: record what is gone from a cell.
-- Parameters: $1 move id, $2 epoch, $3 jsonb array of {cell, database, kind, name}
-- Result: held (1 or 0)
-- Locks: FOR SHARE on the row of the move
WITH held AS (
  SELECT id FROM org_mover.move WHERE id = $1 AND epoch = $2 FOR SHARE
), written AS (
  UPDATE org_mover.created_object o SET removed_at = clock_timestamp()
  FROM held
  CROSS JOIN jsonb_to_recordset($3::jsonb) AS n(cell text, database text, kind text, name text)
  WHERE o.move_id = held.id AND o.cell = n.cell AND o.database = n.database AND o.kind = n.kind AND o.name = n.name AND o.removed_at IS NULL
)
SELECT count(*)::int AS held FROM held
