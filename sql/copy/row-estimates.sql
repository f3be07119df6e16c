-- Purpose: rows of tables as the statistics have them, those of a partitioned table summed over its leaves, and whether this role may ANALYZE them:
--   one that may not is told so by a warning alone.
-- Parameters: $1 schemas, $2 names (text[], pairwise)
-- Result: schema, name, estimate (null: never analyzed), may_analyze
-- Locks: ACCESS SHARE on partitions, for a moment
SELECT n.nspname::text AS schema, c.relname::text AS name, leaf.estimate,
       pg_catalog.pg_has_role(c.relowner, 'USAGE')
         OR (pg_catalog.current_setting('server_version_num')::int >= 170000
             AND pg_catalog.has_table_privilege(c.oid, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 170000 THEN 'MAINTAIN' ELSE 'SELECT' END)) AS may_analyze
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS wanted (schema, name)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
CROSS JOIN LATERAL (
  SELECT CASE WHEN bool_or(part.reltuples >= 0) THEN sum(greatest(part.reltuples, 0))::float8 END AS estimate
  FROM pg_catalog.pg_class AS part
  WHERE part.oid IN (SELECT c.oid WHERE c.relkind <> 'p' UNION ALL SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) AS t WHERE c.relkind = 'p' AND t.isleaf)
) AS leaf
