import type { ClientBase } from 'pg'

/** Names are given in full, since the listing runs under search_path = pg_catalog. */
const USER_SCHEMA = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`

const OBJECTS: readonly string[] = [
  `SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') FROM pg_namespace n WHERE ${USER_SCHEMA}`,
  `SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension`,
  `SELECT CASE c.relkind WHEN 'i' THEN 'index ' WHEN 'I' THEN 'index ' WHEN 'v' THEN 'view ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END
     || c.oid::regclass || ' ' || c.relpersistence::text || c.relreplident::text || c.relrowsecurity || c.relforcerowsecurity
     || ' ' || coalesce(c.reloptions::text, '') || ' ' || coalesce(c.relacl::text, '')
     || CASE WHEN c.relkind IN ('i', 'I') THEN pg_get_indexdef(c.oid) WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) ELSE '' END
     || coalesce(' ' || pg_get_expr(c.relpartbound, c.oid), '')
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER_SCHEMA} AND c.relkind NOT IN ('t', 'c')`,
  `SELECT 'column ' || a.attrelid::regclass || '.' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' '
     || a.attnotnull || a.attidentity::text || a.attgenerated::text || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '')
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE ${USER_SCHEMA} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v')`,
  `SELECT 'range of ' || q.seqrelid::regclass || ' ' || concat_ws(' ', q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle, q.seqcache) FROM pg_sequence q`,
  `SELECT 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
   FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE ${USER_SCHEMA} AND c.conrelid > 0`,
  `SELECT 'trigger ' || t.tgrelid::regclass || ' ' || t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal`,
  `SELECT 'function ' || p.oid::regprocedure || ' ' || md5(CASE p.prokind WHEN 'a' THEN p.prosrc ELSE pg_get_functiondef(p.oid) END) || ' ' || coalesce(p.proacl::text, '')
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${USER_SCHEMA}`,
  `SELECT 'type ' || t.oid::regtype || ' ' || t.typtype::text || ' ' || coalesce((SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '')
   FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${USER_SCHEMA}`,
  `SELECT 'policy ' || p.polrelid::regclass || ' ' || p.polname || ' ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '') FROM pg_policy p`,
  `SELECT 'rule ' || r.ev_class::regclass || ' ' || r.rulename || ' ' || r.ev_enabled::text FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER_SCHEMA} AND r.rulename <> '_RETURN'`,
  `SELECT 'event trigger ' || evtname || ' ' || evtenabled::text FROM pg_event_trigger`,
  `SELECT 'publication ' || pubname FROM pg_publication`,
  `SELECT 'large object ' || oid FROM pg_largeobject_metadata`,
  `SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts WHERE database = current_database()`,
  `SELECT 'replication slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()`,
  `SELECT 'setting ' || unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database b ON b.oid = s.setdatabase WHERE b.datname = current_database()`,
]

/**
 * Every object of the database, one line each with what defines it, sorted: two listings are equal exactly when nothing was left
 * behind and nothing is gone. Positions of sequences are not in it, object ids neither.
 */
export async function listObjects(client: ClientBase): Promise<readonly string[]> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    await client.query('SET LOCAL search_path = pg_catalog')
    const lines: string[] = []
    for (const sql of OBJECTS) {
      const result = await client.query<{ line: string }>(`SELECT line FROM (${sql}) AS objects (line)`)
      lines.push(...result.rows.map((row) => row.line))
    }
    return lines.sort()
  } finally {
    await client.query('ROLLBACK')
  }
}
