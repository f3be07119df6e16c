-- Purpose: triggers and rules that fire on a DELETE even in the replica role: those of the tables named, of their partitions of all levels, and,
--   where somebody changed them, those that PostgreSQL keeps for constraints. What the mover made itself is left out.
-- Parameters: $1 schemas, $2 names (two arrays in step)
-- Result: schema, table (of the table named), name
-- Locks: catalog reads only
WITH RECURSIVE reached AS (
  SELECT u.schema, u.name, c.oid
  FROM unnest($1::text[], $2::text[]) AS u(schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = u.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = u.name
  UNION ALL
  SELECT r.schema, r.name, i.inhrelid
  FROM reached AS r
  JOIN pg_catalog.pg_inherits AS i ON i.inhparent = r.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT DISTINCT r.schema, r.name AS table, f.name
FROM reached AS r
CROSS JOIN LATERAL (
  SELECT g.tgname::text AS name FROM pg_catalog.pg_trigger AS g
  WHERE g.tgrelid = r.oid AND g.tgenabled IN ('A', 'R') AND g.tgtype & 8 <> 0 AND NOT pg_catalog.starts_with(g.tgname::text, 'org_mover_')
  UNION ALL
  SELECT w.rulename::text FROM pg_catalog.pg_rewrite AS w
  WHERE w.ev_class = r.oid AND w.ev_enabled IN ('A', 'R') AND w.ev_type = '4'
) AS f
ORDER BY 1, 2, 3
