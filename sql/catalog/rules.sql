-- Purpose: rewrite rules of all tables of `tables.sql`.
-- Parameters: none. Locks: catalog reads only.
-- Columns: table_oid, name.
SELECT r.ev_class AS table_oid, r.rulename::text AS name
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY r.ev_class, r.rulename
