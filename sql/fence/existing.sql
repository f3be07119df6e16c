-- Purpose: which tables bear a trigger of this fence, partitions' clones left out.
-- Parameters: $1 prefix of the fence's triggers
-- Result: schema, table, name, enabled
SELECT n.nspname AS schema, c.relname AS "table", t.tgname AS name, t.tgenabled::text AS enabled
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.tgparentid = 0 AND pg_catalog.starts_with(t.tgname, $1)
