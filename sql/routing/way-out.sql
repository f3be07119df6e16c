-- Purpose: triggers that a write to the routing table fires and whose doings could survive a rollback: written in a language that may leave the
--   server, or in one that may not while something in the database does that for it.
-- Parameters: $1 the routing table as SQL
-- Result: trigger, way (what leads out: a language or an extension)
-- Locks: catalog reads only
WITH doors AS (
  SELECT e.extname::text AS way FROM pg_catalog.pg_extension AS e WHERE e.extname IN ('dblink', 'http', 'pg_background', 'amqp', 'plproxy', 'aws_lambda')
  UNION ALL
  SELECT l.lanname::text FROM pg_catalog.pg_language AS l
  WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c') AND EXISTS (SELECT 1 FROM pg_catalog.pg_proc AS p WHERE p.prolang = l.oid)
)
SELECT DISTINCT g.tgname::text AS trigger, w.way
FROM pg_catalog.pg_trigger AS g
JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid
JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
CROSS JOIN LATERAL (
  SELECT l.lanname::text AS way WHERE NOT l.lanpltrusted AND l.lanname <> 'internal'
  UNION ALL
  SELECT d.way FROM doors AS d WHERE l.lanpltrusted
) AS w
WHERE (g.tgrelid = $1::regclass OR g.tgrelid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree($1::regclass) AS t))
  AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgtype & 20 <> 0
ORDER BY 1, 2
