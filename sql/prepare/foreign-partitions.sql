-- Purpose: foreign tables that are partitions, at any level, of the tables named: their rows are on another server.
-- Parameters: $1 schemas, $2 names (two arrays in step)
-- Result: schema, table (of the table named), partition (schema.name, raw)
-- Locks: catalog reads only
WITH RECURSIVE reached AS (
  SELECT u.schema, u.name, c.oid
  FROM unnest($1::text[], $2::text[]) AS u(schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = u.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = u.name AND c.relkind = 'p'
  UNION ALL
  SELECT r.schema, r.name, i.inhrelid FROM reached AS r JOIN pg_catalog.pg_inherits AS i ON i.inhparent = r.oid
)
SELECT r.schema, r.name AS table, n.nspname || '.' || c.relname AS partition
FROM reached AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relkind = 'f'
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY 1, 2, 3
