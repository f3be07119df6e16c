-- Purpose: sequences and the columns each serves: the one that owns it (serial, identity) first, then all whose default calls nextval on it.
-- Parameters: none. Locks: catalog reads only (the position of a sequence is read by `sequence-positions.sql`).
-- Columns: oid, schema, name, used_by (array of {schema, name, column}, empty for a free one), increment, min, max, cycle (numbers as text).
SELECT c.oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       coalesce(used.by, '[]') AS used_by,
       s.seqincrement::text AS increment,
       s.seqmin::text AS min,
       s.seqmax::text AS max,
       s.seqcycle AS cycle
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid AND c.relpersistence IN ('p', 'u')
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (
  SELECT u.sequence,
         -- a root before its partitions
         json_agg(json_build_object('schema', tn.nspname, 'name', t.relname, 'column', a.attname) ORDER BY u.rank, t.relispartition, tn.nspname, t.relname, a.attnum) AS by
  FROM (SELECT sequence, table_oid, attnum, min(rank) AS rank
  FROM (
    SELECT d.objid AS sequence, d.refobjid AS table_oid, d.refobjsubid AS attnum, 0 AS rank
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION ALL
    SELECT d.refobjid, f.adrelid, f.adnum, 1
    FROM pg_depend d
    JOIN pg_sequence q ON q.seqrelid = d.refobjid
    JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
      AND pg_get_expr(f.adbin, f.adrelid) LIKE '%nextval(%'
  ) one GROUP BY sequence, table_oid, attnum) u
  JOIN pg_class t ON t.oid = u.table_oid AND t.relkind IN ('r', 'p')
  JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = u.table_oid AND a.attnum = u.attnum
  GROUP BY u.sequence
) used ON used.sequence = c.oid
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY n.nspname, c.relname
