-- Purpose: let rows be deleted from a relation of the mover's own where a publication FOR ALL TABLES covers it.
-- Places: relation
ALTER TABLE {{relation}} REPLICA IDENTITY FULL
