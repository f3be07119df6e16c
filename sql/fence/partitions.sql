-- Purpose: every partition below the partitioned tables named: TRUNCATE triggers are not inherited.
-- Parameters: $1 schemas, $2 names, in step
-- Result: root_schema, root, schema, name
SELECT r.schema AS root_schema, r.name AS root, n.nspname AS schema, c.relname AS name
FROM unnest($1::text[], $2::text[]) AS r(schema, name)
JOIN pg_catalog.pg_namespace AS rn ON rn.nspname = r.schema
JOIN pg_catalog.pg_class AS rc ON rc.relnamespace = rn.oid AND rc.relname = r.name AND rc.relkind = 'p'
CROSS JOIN LATERAL pg_catalog.pg_partition_tree(rc.oid) AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE p.level > 0
