-- Purpose: the record of a move.
-- Parameters: $1 move id
-- Result: at, who, command, kind, detail
SELECT at, who, command, kind, detail FROM org_mover.event WHERE move_id = $1 ORDER BY seq
