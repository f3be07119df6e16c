-- Purpose: what tables and their indexes take on disk, all partitions together: by that share the organization's rows need indexes, too.
-- Parameters: $1 schemas, $2 names
-- Result: n (from 1, as in the parameters), table_bytes, index_bytes (text)
-- Locks: ACCESS SHARE, one relation after the other
SELECT w.n::int AS n, sum(pg_catalog.pg_table_size(part.oid))::text AS table_bytes, sum(pg_catalog.pg_indexes_size(part.oid))::text AS index_bytes
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(schema, name, n)
JOIN pg_catalog.pg_namespace s ON s.nspname = w.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid AND c.relname = w.name
CROSS JOIN LATERAL (SELECT c.oid UNION SELECT tree.relid FROM pg_catalog.pg_partition_tree(c.oid) AS tree) AS part(oid)
GROUP BY w.n
