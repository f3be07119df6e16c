-- Purpose: what the database takes on disk.
-- Result: bytes (text)
SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes
