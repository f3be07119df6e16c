-- Purpose: add to the record of who did what.
-- Parameters: $1 move id or null, $2 who, $3 command, $4 kind, $5 detail (jsonb)
INSERT INTO org_mover.event (move_id, who, command, kind, detail) VALUES ($1, $2, $3, $4, $5::jsonb)
