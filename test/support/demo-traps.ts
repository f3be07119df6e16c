/** What the demo schema promises to hold, each as what follows FROM in a count over catalog or rows, with the least count. */
export function demoTraps(): readonly (readonly [name: string, from: string, atLeast: number])[] {
  const column = (condition: string) =>
    `pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND ${condition}`
  const typed = (type: string) => [`a column of type ${type}`, column(`y.oid = '${type}'::regtype`), 1] as const
  const table = (condition: string) => `pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND ${condition}`
  const primary = (condition: string) => `pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace AND ${condition}`
  const keyed = (type: string) => primary(`EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0] AND a.atttypid = '${type}'::regtype)`)
  const trigger = (name: string) => `pg_trigger WHERE NOT tgisinternal AND tgparentid = 0 AND tgname = '${name}'`
  return [
    ['a composite primary key', primary('i.indnkeyatts > 1'), 7],
    ['a uuid primary key', keyed('uuid'), 4],
    ['a text primary key', keyed('text'), 2],
    ['a citext primary key', keyed('citext'), 1],
    ['a table without primary key', table(`NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)`), 1],
    ['a table with alternative keys', `pg_constraint WHERE contype = 'c' AND pg_get_constraintdef(oid) LIKE '%num_nonnulls(%'`, 11],
    ['a self reference', `pg_constraint WHERE contype = 'f' AND conrelid = confrelid`, 3],
    ['a composite foreign key', `pg_constraint WHERE contype = 'f' AND cardinality(conkey) > 1 AND conparentid = 0`, 4],
    ['LIST and RANGE partitions', `pg_partitioned_table WHERE partstrat IN ('l', 'r')`, 2],
    ['leaves in another schema', `pg_class WHERE relispartition AND relkind = 'r' AND relnamespace = 'partitions'::regnamespace`, 6],
    ['a generated column', column(`a.attgenerated = 's'`), 3],
    ['an identity column ALWAYS', column(`a.attidentity = 'a'`), 2],
    ['an identity column BY DEFAULT', column(`a.attidentity = 'd'`), 20],
    ['an enum column', column(`y.typtype = 'e'`), 5],
    ['an array column', column(`y.typcategory = 'A'`), 5],
    ['a domain column', column(`y.typtype = 'd'`), 3],
    ['a composite column', column(`y.typtype = 'c'`), 1],
    ['a range column', column(`y.typtype = 'r'`), 3],
    ['a multirange column', column(`y.typtype = 'm'`), 1],
    ...['jsonb', 'bytea', 'citext', 'tsvector', 'numeric', 'timestamptz', 'timestamp', 'interval', 'inet', 'date', 'float8', 'real', 'macaddr'].map(typed),
    ['a mixed-case table', table(`c.relname <> lower(c.relname)`), 1],
    ['a mixed-case column', column(`a.attname <> lower(a.attname)`), 4],
    ['a dropped column', `pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attisdropped AND c.relnamespace = 'public'::regnamespace`, 1],
    ['a trigger that overwrites ids', trigger('assign_ci_job_id'), 1],
    ['a trigger that fills a key column', trigger('fill_deployment_project'), 1],
    ['triggers that write to an owned table', trigger('enqueue_search'), 2],
    ['a trigger that records deletions', trigger('record_deletion'), 1],
    ['row security, enabled and forced', table('c.relrowsecurity AND c.relforcerowsecurity'), 1],
    ['row security, enabled only', table('c.relrowsecurity AND NOT c.relforcerowsecurity'), 1],
    ['a deferrable unique constraint', `pg_constraint WHERE contype = 'u' AND condeferrable`, 1],
    ['an exclusion constraint', `pg_constraint WHERE contype = 'x'`, 1],
    ['a unique constraint for which NULLs are equal', 'pg_index WHERE indnullsnotdistinct', 1],
    ['a unique index over an expression', 'pg_index WHERE indisunique AND indexprs IS NOT NULL', 1],
    ['a partial unique index', 'pg_index WHERE indisunique AND indpred IS NOT NULL', 5],
    ['a key column without foreign key', `pg_class c WHERE c.relname = 'audit_events' AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f')`, 1],
    ['-0 beside 0', `project_statistics WHERE activity_score::text = '-0'`, 1],
    ['1.0 beside 1.00', `project_statistics WHERE repository_bytes::text = '1.00'`, 1],
    ['an empty text', `notes WHERE note = ''`, 1],
    ['a NULL in an array', `projects WHERE tags::text LIKE '%,NULL,%'`, 1],
    ['an array with bounds of its own', 'projects WHERE array_lower(tags, 1) = 0', 1],
    ['a timestamp of infinity', `releases WHERE released_at IN ('infinity', '-infinity')`, 1],
    ['a negative interval', `issues WHERE time_estimate < '0'`, 1],
    ['a value out of line', 'issues WHERE pg_column_size(description) > 8000', 1],
    ['bytes with zeros', `uploads WHERE position('\\x0000'::bytea IN content) > 0`, 1],
    ['rows in the DEFAULT partition', 'partitions.audit_events_rest', 1],
  ]
}
