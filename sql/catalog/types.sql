-- Purpose: what values of user-defined types are made of: composites, domains, ranges and enums that columns of tables reach, at any depth.
-- Parameters: none. Locks: catalog reads only.
-- Columns: schema, name, kind (pg_type.typtype), shape (text; null for an enum), labels (of an enum, in order), checks (expressions of a domain's), roots (array of {schema, name}: the types of columns from which it is reached).
WITH RECURSIVE reached AS (
  SELECT DISTINCT a.atttypid AS root, a.atttypid AS type
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND c.relpersistence IN ('p', 'u')
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
  WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT r.root, p.part
  FROM reached r
  JOIN pg_type t ON t.oid = r.type
  CROSS JOIN LATERAL (
    SELECT t.typbasetype WHERE t.typtype = 'd'
    UNION ALL SELECT t.typelem WHERE t.typelem <> 0 AND t.typsubscript = 'array_subscript_handler'::regproc
    UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT CASE WHEN g.rngtypid = t.oid THEN g.rngsubtype ELSE g.rngtypid END FROM pg_range g WHERE g.rngtypid = t.oid OR g.rngmultitypid = t.oid
  ) AS p (part)
)
SELECT n.nspname::text AS schema, t.typname::text AS name, t.typtype::text AS kind,
       CASE t.typtype
         WHEN 'c' THEN (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
         WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
         WHEN 'r' THEN (SELECT 'range of ' || format_type(g.rngsubtype, NULL) FROM pg_range g WHERE g.rngtypid = t.oid)
       END AS shape,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels,
       ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY 1) AS checks,
       json_agg(json_build_object('schema', rn.nspname, 'name', root.typname)) AS roots
FROM reached r
JOIN pg_type t ON t.oid = r.type AND t.typtype IN ('c', 'd', 'e', 'r')
JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
JOIN pg_type root ON root.oid = r.root
JOIN pg_namespace rn ON rn.oid = root.typnamespace
GROUP BY t.oid, n.nspname
ORDER BY n.nspname, t.typname
