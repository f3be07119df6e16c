import type { ClientBase } from 'pg'
import { bug } from '../../domain/errors.js'
import { ACROSS_CELLS, OWNERS } from './owners.js'

/** The rows of one owner in one table. */
export interface Listed {
  readonly table: string
  /** An organization's id; `person …` or `topic …` for rows that several organizations use; `nobody`. */
  readonly owner: string
  readonly count: number
  /** Md5 over all columns as they are: tells whether anything changed on this cell. */
  readonly asStored: string
  /** Md5 in which ids of the cell's own are replaced by names: tells whether two cells hold the same. */
  readonly acrossCells: string
}

export interface CellListing {
  readonly rows: readonly Listed[]
  /** Triggers, functions, tables and the like of every schema, each as `kind schema.name`. */
  readonly objects: ReadonlySet<string>
}

const PINNED = `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';
  SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off; SET LOCAL search_path = pg_catalog, public`

const TABLES = `SELECT c.relname AS table, array_agg(a.attname::text ORDER BY a.attname COLLATE "C") AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition GROUP BY c.relname ORDER BY c.relname`

const OBJECTS = `
  SELECT 'schema ' || nspname AS object FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
  UNION ALL SELECT c.relkind::text || ' ' || c.relnamespace::regnamespace || '.' || c.relname FROM pg_class c WHERE c.relnamespace::regnamespace::text !~ '^pg_'
  UNION ALL SELECT 'function ' || p.pronamespace::regnamespace || '.' || p.proname FROM pg_proc p WHERE p.pronamespace::regnamespace::text !~ '^pg_'
  UNION ALL SELECT 'trigger ' || t.tgrelid::regclass || '.' || t.tgname || ' ' || t.tgenabled::text FROM pg_trigger t WHERE NOT t.tgisinternal`

/**
 * Counts and digests of everything that a demo cell holds, by table and owner, read in one snapshot. Plain SQL that shares
 * nothing with the mover, so that it can testify for or against it. Two seconds for a cell of 100,000 rows.
 */
export async function listCell(client: ClientBase): Promise<CellListing> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    await client.query(PINNED)
    const rows: Listed[] = []
    const tables = await client.query<{ table: string; columns: string[] }>(TABLES)
    for (const { table, columns } of tables.rows) rows.push(...(await listTable(client, table, columns)))
    const objects = await client.query<{ object: string }>(OBJECTS)
    return { rows, objects: new Set(objects.rows.map((row) => row.object)) }
  } finally {
    await client.query('ROLLBACK')
  }
}

async function listTable(client: ClientBase, table: string, columns: readonly string[]): Promise<readonly Listed[]> {
  const owner = OWNERS.get(table)
  if (owner === undefined) throw bug(`the demo's own listing does not know whose the rows of ${table} are`)
  const replaced = ACROSS_CELLS[table] ?? {}
  const raw = columns.map((column) => `t."${column}"`)
  const common = columns.map((column) => (replaced[column] === undefined ? `t."${column}"` : replaced[column])).filter((value) => value !== null)
  const found = await client.query<Omit<Listed, 'table'>>(`
    SELECT owner, count(*)::int AS count, md5(string_agg(raw, '' ORDER BY raw)) AS "asStored", md5(string_agg(common, '' ORDER BY common)) AS "acrossCells"
    FROM (SELECT coalesce((${owner})::text, 'nobody') AS owner, ${digestOf(raw)} AS raw, ${digestOf(common)} AS common FROM public."${table}" t) AS listed
    GROUP BY owner`)
  return found.rows.map((row) => ({ ...row, table }))
}

/** Quoting tells NULL from text and one value from the next. */
function digestOf(values: readonly string[]): string {
  return `md5(concat_ws(', ', ${values.map((value) => `quote_nullable((${value})::text)`).join(', ')}))`
}
