-- Purpose: whether any move still holds this database.
-- Result: moves
SELECT count(*)::int AS moves FROM org_mover.guard
