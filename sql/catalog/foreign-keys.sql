-- Purpose: foreign keys as declared: those that PostgreSQL derives for partitions on either side left out.
-- Parameters: none. Locks: catalog reads only.
-- Columns: name, schema, table, columns, referenced_schema, referenced_table, referenced_columns, deferrable, validated, on_delete, match_full.
SELECT k.conname::text AS name,
       n.nspname::text AS schema,
       c.relname::text AS table,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, position)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.position) AS columns,
       rn.nspname::text AS referenced_schema,
       r.relname::text AS referenced_table,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, position)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY u.position) AS referenced_columns,
       k.condeferrable AS deferrable,
       k.convalidated AS validated,
       CASE k.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END AS on_delete,
       k.confmatchtype = 'f' AS match_full
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE k.contype = 'f'
  AND k.conparentid = 0
  AND c.relkind IN ('r', 'p')
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY n.nspname, c.relname, k.conname
