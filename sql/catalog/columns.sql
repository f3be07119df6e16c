-- Purpose: columns of all tables of `tables.sql`, dropped ones left out, in the order of the table.
-- Parameters: none. Locks: catalog reads only.
-- Columns: table_oid, attnum, name, type, type_kind, type_schema, type_name, base_schema, base_name, is_array, equality_schema, not_null,
--   default, generated, identity, collation (SQL spelling, null where it is that of what the type is made of), deterministic,
--   holds_oid (whether a value has an oid somewhere within it).
-- Types are looked at once each, not once a column: domains and arrays are unwrapped down to what a value is made of. Equality is
-- that of the default btree class, else the hash class, of the type itself or of one that it is binary coercible to (varchar: text).
WITH RECURSIVE tables AS (
  SELECT c.oid
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p')
    AND c.relpersistence IN ('p', 'u')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
), used AS (
  SELECT DISTINCT a.atttypid AS type
  FROM pg_attribute a
  JOIN tables t ON t.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped
), unwrapped AS (
  SELECT u.type, u.type AS inner_type, false AS is_array, 0 AS depth
  FROM used u
  UNION ALL
  SELECT w.type, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END, w.is_array OR t.typtype <> 'd', w.depth + 1
  FROM unwrapped w
  JOIN pg_type t ON t.oid = w.inner_type
  WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typsubscript = 'array_subscript_handler'::regproc)
), reached AS (
  SELECT u.type, u.type AS inner_type
  FROM used u
  UNION
  SELECT r.type, p.part
  FROM reached r
  JOIN pg_type t ON t.oid = r.inner_type
  CROSS JOIN LATERAL (
    SELECT t.typbasetype WHERE t.typtype = 'd'
    UNION ALL SELECT t.typelem WHERE t.typelem <> 0 AND t.typsubscript = 'array_subscript_handler'::regproc
    UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid OR g.rngmultitypid = t.oid
  ) AS p (part)
), base AS (
  SELECT DISTINCT ON (w.type) w.type, w.inner_type, w.is_array
  FROM unwrapped w
  ORDER BY w.type, w.depth DESC
), equality AS (
  SELECT DISTINCT ON (c.opcintype) c.opcintype AS type, n.nspname AS schema
  FROM pg_opclass c
  JOIN pg_am m ON m.oid = c.opcmethod AND m.amname IN ('btree', 'hash')
  JOIN pg_amop s ON s.amopfamily = c.opcfamily AND s.amoplefttype = c.opcintype AND s.amoprighttype = c.opcintype
                AND s.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END
  JOIN pg_operator o ON o.oid = s.amopopr
  JOIN pg_namespace n ON n.oid = o.oprnamespace
  WHERE c.opcdefault
  ORDER BY c.opcintype, m.amname
), types AS (
  SELECT t.oid, t.typtype AS kind, CASE t.typtype WHEN 'd' THEN b.typcollation ELSE t.typcollation END AS collation, tn.nspname AS schema, t.typname AS name, bn.nspname AS base_schema, b.typname AS base_name, base.is_array,
         CASE WHEN own.schema IS NULL THEN NULL WHEN base.is_array THEN 'pg_catalog' ELSE own.schema END AS equality_schema
  FROM base
  JOIN pg_type t ON t.oid = base.type
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
  JOIN pg_type b ON b.oid = base.inner_type
  JOIN pg_namespace bn ON bn.oid = b.typnamespace
  CROSS JOIN LATERAL (
    SELECT coalesce(
      (SELECT e.schema FROM equality e WHERE e.type = b.oid),
      CASE WHEN b.typtype IN ('e', 'r', 'm', 'c') THEN 'pg_catalog' END,
      (SELECT e.schema FROM pg_cast k JOIN equality e ON e.type = k.casttarget
       WHERE k.castsource = b.oid AND k.castmethod = 'b' AND k.castcontext = 'i' ORDER BY e.type LIMIT 1)
    ) AS schema
  ) own
)
SELECT a.attrelid AS table_oid,
       a.attnum,
       a.attname::text AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       t.kind::text AS type_kind,
       t.schema::text AS type_schema,
       t.name::text AS type_name,
       t.base_schema::text,
       t.base_name::text,
       t.is_array,
       t.equality_schema::text,
       a.attnotnull AS not_null,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
       CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.collation THEN format('%I.%I', cn.nspname, co.collname) END AS collation,
       coalesce(co.collisdeterministic, true) AS deterministic,
       a.atttypid IN (SELECT r.type FROM reached r WHERE r.inner_type = 'pg_catalog.oid'::regtype) AS holds_oid
FROM pg_attribute a
JOIN tables c ON c.oid = a.attrelid
JOIN types t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
LEFT JOIN pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
