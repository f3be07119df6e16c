-- Purpose: triggers of all tables of `tables.sql`, those that PostgreSQL keeps for constraints left out; clones on partitions are listed there too.
-- Parameters: none. Locks: catalog reads only.
-- Columns: table_oid, name, enabled, function (schema.name, raw).
SELECT g.tgrelid AS table_oid, g.tgname::text AS name, g.tgenabled::text AS enabled, fn.nspname || '.' || f.proname AS function
FROM pg_trigger g
JOIN pg_class c ON c.oid = g.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc f ON f.oid = g.tgfoid
JOIN pg_namespace fn ON fn.oid = f.pronamespace
WHERE NOT g.tgisinternal
  AND c.relkind IN ('r', 'p')
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY g.tgrelid, g.tgname
