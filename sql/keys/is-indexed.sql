-- Purpose: whether a key set has its unique index.
-- Parameters: $1 relation
-- Result: indexed
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE indrelid = $1::pg_catalog.regclass AND indisunique) AS indexed
