-- Purpose: what each leaf partition of a table accepts, as boolean SQL over bare column names.
-- Parameters: $1 schema, $2 name of the partitioned table
-- Result: constraint (null for the default partition of a table with no other), is_default
SELECT pg_catalog.pg_get_partition_constraintdef(p.relid) AS "constraint",
       pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' AS is_default
FROM pg_catalog.pg_partition_tree((SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)) AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
WHERE p.isleaf AND p.level > 0
