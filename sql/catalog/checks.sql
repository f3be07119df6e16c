-- Purpose: check constraints of all tables of `tables.sql` that are enforced for new rows (NOT VALID ones are; NOT ENFORCED ones of PostgreSQL 18 are not).
-- Parameters: none. Locks: catalog reads only.
-- Columns: table_oid, name, expression.
SELECT k.conrelid AS table_oid, k.conname::text AS name, pg_get_expr(k.conbin, k.conrelid) AS expression
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c'
  -- the column conenforced is unknown to older servers
  AND (k.convalidated OR coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true))
  AND c.relkind IN ('r', 'p')
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY k.conrelid, k.conname
