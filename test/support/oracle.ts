import type { ClientBase } from 'pg'
import { ORACLE_TABLES, type OracleTable, USER_REFERENCES } from './oracle-tables.js'

export { listObjects } from './list-objects.js'

/**
 * An independent listing of a demo cell: what each organization has, by plain SQL that shares no code with the mover. Two listings
 * are equal exactly when the rows are. For a superuser, outside a transaction.
 */

export interface Listed {
  readonly table: string
  readonly count: number
  readonly digest: string
}

/** Rows that belong to no organization: tables of the cell itself, shared rows, predefined roles. */
export const GLOBAL = 'global'

/** What may differ between cells in a person who is on both. */
const OBSERVED_BY_CELL = ['last_activity_on']

const PINNED = `
  SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off; SET LOCAL search_path = pg_catalog; SET LOCAL statement_timeout = 0`

/**
 * Count and digest of every table by organization, and under `GLOBAL` what is left. An organization's list has the tables in which it
 * owns rows, plus `users` and `emails`: the shared rows that it needs, which are in `GLOBAL` as well. References to lookup rows are
 * listed by natural name, so that the source's list of an organization equals the target's after a move.
 */
export async function listOrganizations(client: ClientBase): Promise<Map<string, readonly Listed[]>> {
  return await inSnapshot(client, async () => {
    const columns = await readColumns(client)
    const organizations = new Map<string, Listed[]>()
    const add = (rows: readonly (Listed & { readonly org: string })[]) => {
      for (const { org, ...listed } of rows) organizations.set(org, [...(organizations.get(org) ?? []), listed])
    }
    for (const entry of ORACLE_TABLES) {
      add(await list(client, entry.table, `SELECT coalesce((${entry.owner})::text, '${GLOBAL}') AS org, ${rowDigest(entry, columns)} AS row FROM ${quoted(entry.table)} t`))
    }
    const people: OracleTable = { table: 'users', owner: 'NULL', omit: OBSERVED_BY_CELL }
    add(await list(client, 'users', `${REACHED_USERS} SELECT r.org::text AS org, ${rowDigest(people, columns)} AS row FROM reached r JOIN public.users t ON t.id = r.id`))
    const emails: OracleTable = { table: 'emails', owner: 'NULL' }
    add(await list(client, 'emails', `SELECT o.organization_id::text AS org, ${rowDigest(emails, columns)} AS row FROM public.organization_users o JOIN public.emails t ON t.user_id = o.user_id`))
    return new Map([...organizations].sort(([one], [other]) => one.localeCompare(other)))
  })
}

/** People whom an owned row names, and whoever created those people, and so on. */
const REACHED_USERS = `
  WITH RECURSIVE named (org, id) AS (
    ${USER_REFERENCES.map(([table, column]) => `SELECT (${ownerOf(table)}), t."${column}" FROM ${quoted(table)} t WHERE t."${column}" IS NOT NULL`).join('\n    UNION ')}
  ), reached (org, id) AS (
    SELECT org, id FROM named WHERE org IS NOT NULL
    UNION
    SELECT r.org, u.created_by_id FROM reached r JOIN public.users u ON u.id = r.id WHERE u.created_by_id IS NOT NULL
  )`

function ownerOf(table: string): string {
  const entry = ORACLE_TABLES.find((candidate) => candidate.table === table)
  if (entry === undefined) throw new Error(`${table} is not in ORACLE_TABLES`)
  return entry.owner
}

function quoted(table: string): string {
  return `public."${table}"`
}

/** SQL for the digest of one row: every column by name, in the order of the names, NULL told from text by quoting. */
function rowDigest(entry: OracleTable, columns: ReadonlyMap<string, readonly string[]>): string {
  const listed = (columns.get(entry.table) ?? []).filter((column) => entry.omit?.includes(column) !== true)
  if (listed.length === 0) throw new Error(`the cell has no table ${entry.table}`)
  const values = listed.map((column) => `'${column}=' || coalesce(quote_literal((${entry.instead?.[column] ?? `t."${column}"`})::text), 'NULL')`)
  return `md5(concat_ws('|', ${values.join(', ')}))`
}

async function list(client: ClientBase, table: string, rows: string): Promise<readonly (Listed & { readonly org: string })[]> {
  const result = await client.query<{ org: string; count: number; digest: string }>(
    `SELECT org, count(*)::int AS count, md5(string_agg(row, '' ORDER BY row COLLATE "C")) AS digest FROM (${rows}) AS listed GROUP BY org ORDER BY org COLLATE "C"`,
  )
  return result.rows.map((row) => ({ ...row, table }))
}

async function readColumns(client: ClientBase): Promise<ReadonlyMap<string, readonly string[]>> {
  const result = await client.query<{ table: string; columns: string[] }>(
    `SELECT c.relname AS table, array_agg(a.attname::text ORDER BY a.attname COLLATE "C") AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname`,
  )
  return new Map(result.rows.map((row) => [row.table, row.columns]))
}

async function inSnapshot<T>(client: ClientBase, read: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    await client.query(PINNED)
    return await read()
  } finally {
    await client.query('ROLLBACK')
  }
}
