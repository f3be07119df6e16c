-- Purpose: how many bytes are stored apart from the rows of each table, its leaves together: where a wide value must be.
-- Parameters: $1 schemas, $2 names
-- Result: schema, name, bytes (text)
-- Locks: ACCESS SHARE on the tables' TOAST relations until the statement ends
SELECT n.nspname AS schema, c.relname AS name, coalesce(sum(pg_catalog.pg_relation_size(l.reltoastrelid)), 0)::text AS bytes
FROM unnest($1::text[], $2::text[]) AS u(schema, name)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = u.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = u.name
CROSS JOIN LATERAL (SELECT c.oid AS relid WHERE c.relkind = 'r' UNION ALL SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) AS p WHERE c.relkind = 'p' AND p.isleaf) AS part
JOIN pg_catalog.pg_class AS l ON l.oid = part.relid
WHERE l.reltoastrelid <> 0
GROUP BY n.nspname, c.relname
