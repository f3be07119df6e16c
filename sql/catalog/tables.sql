-- Purpose: ordinary and partitioned tables, partitions of all levels included; no views, foreign or temporary tables.
-- Parameters: none. Locks: catalog reads only; sizes are the statistics' own (relpages, reltuples), so no file is opened.
-- Columns: oid, schema, name, kind, parents (jsonb array of {schema, name}, in order), is_partition, bound, key, persistence, extension,
--   rls_enabled, rls_forced, rls_bypassed, is_owner, can_select, can_insert, can_update, can_delete, can_trigger,
--   row_estimate (null: never analyzed), bytes (TOAST included; 0 for a partitioned table: the reader sums up).
SELECT c.oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       CASE c.relkind WHEN 'p' THEN 'partitioned' ELSE 'ordinary' END AS kind,
       coalesce(parent.names, '[]'::jsonb) AS parents,
       c.relispartition AS is_partition,
       pg_get_expr(c.relpartbound, c.oid) AS bound,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS key,
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS persistence,
       extension.name AS extension,
       c.relrowsecurity AS rls_enabled,
       c.relforcerowsecurity AS rls_forced,
       me.rolsuper OR me.rolbypassrls OR (owner.is_me AND NOT c.relforcerowsecurity) AS rls_bypassed,
       owner.is_me AS is_owner,
       coalesce(has_table_privilege(c.oid, 'SELECT'), false) AS can_select,
       coalesce(has_table_privilege(c.oid, 'INSERT'), false) AS can_insert,
       coalesce(has_table_privilege(c.oid, 'UPDATE'), false) AS can_update,
       coalesce(has_table_privilege(c.oid, 'DELETE'), false) AS can_delete,
       coalesce(has_table_privilege(c.oid, 'TRIGGER'), false) AS can_trigger,
       CASE WHEN c.relkind = 'r' AND c.reltuples >= 0 THEN c.reltuples::float8 END AS row_estimate,
       CASE WHEN c.relkind = 'r' THEN (c.relpages::float8 + coalesce(toast.relpages, 0)) * current_setting('block_size')::int ELSE 0 END AS bytes
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_roles me ON me.rolname = current_user
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
CROSS JOIN LATERAL (SELECT pg_has_role(c.relowner, 'USAGE') AS is_me) owner
LEFT JOIN (
  SELECT i.inhrelid, jsonb_agg(jsonb_build_object('schema', pn.nspname, 'name', p.relname) ORDER BY i.inhseqno) AS names
  FROM pg_inherits i
  JOIN pg_class p ON p.oid = i.inhparent
  JOIN pg_namespace pn ON pn.oid = p.relnamespace
  GROUP BY i.inhrelid
) parent ON parent.inhrelid = c.oid
LEFT JOIN (
  SELECT d.objid, min(e.extname)::text AS name
  FROM pg_depend d
  JOIN pg_extension e ON e.oid = d.refobjid
  WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  GROUP BY d.objid
) extension ON extension.objid = c.oid
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY n.nspname, c.relname
