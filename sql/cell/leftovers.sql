-- Purpose: everything in this database that bears the name of one move.
-- Parameters: $1 the move id's 32 hex digits
-- Result: kind (trigger, function, relation), schema, name, table (of a trigger), partitioned (that table)
-- Locks: none beyond reading the catalog
SELECT 'trigger' AS kind, n.nspname AS schema, t.tgname AS name, c.relname AS "table", c.relkind = 'p' AS partitioned
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.tgparentid = 0 AND t.tgname LIKE 'org\_mover\_' || $1 || '\_%'
UNION ALL
SELECT 'function', n.nspname, p.proname, NULL, false
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'org_mover' AND p.proname LIKE '%\_' || $1 || '\_%'
UNION ALL
SELECT 'relation', n.nspname, c.relname, NULL, false
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'org_mover' AND c.relkind = 'r' AND c.relname LIKE '%\_' || $1 || '\_%'
