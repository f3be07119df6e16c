-- Purpose: begin a move.
-- Parameters: $1 id, $2 organization, $3 source cell, $4 target cell, $5 pause before, $6 created by, $7 milliseconds that it may be frozen, or null
-- Result: the row of the move; none where the organization has a move that has not ended (index move_one_per_org)
INSERT INTO org_mover.move (id, org, source, target, state, pause_before, created_by, max_window_ms)
VALUES ($1, $2, $3, $4, 'created', $5, $6, $7)
ON CONFLICT (org) WHERE state NOT IN ('completed', 'aborted') DO NOTHING
RETURNING *
