-- Purpose: which partitions of a table the organization's rows are in.
-- Places: from, where
-- Result: schema, name
SELECT n.nspname AS schema, c.relname AS name
FROM (SELECT DISTINCT leaf FROM (SELECT t.tableoid AS leaf FROM {{from}} WHERE {{where}}) AS rows) AS d
JOIN pg_catalog.pg_class AS c ON c.oid = d.leaf JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
