-- Purpose: each key once, and found at once.
-- Places: relation, columns
CREATE UNIQUE INDEX ON {{relation}} ({{columns}})
