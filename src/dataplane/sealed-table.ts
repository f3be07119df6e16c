import type { TableShape } from '../domain/move-plan.js'
import { columnOf, ident, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared } from './compare.js'
import type { Field } from './copy-text.js'
import { canonical, inNameOrder } from './fingerprint.js'
import { moveHex } from './names.js'
import { identityColumns, planColumn, tableItself } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'
import { castTo } from './projection.js'

/** The side table in which the sealed secrets of a move travel from cell to cell, keyed by table and row. */
export function sealedRelation(moveId: string): string {
  return qualified({ schema: 'org_mover', name: `sealed_${moveHex(moveId)}_1` })
}

export interface SealedEntry {
  readonly key: readonly string[]
  readonly column: string
  readonly sealed: Buffer
  readonly digest: Buffer
}

export async function createSealedTable(session: Session, relation: string): Promise<void> {
  await session.execute(sql('sealed/create', { relation }))
  await session.execute(sql('keys/identify', { relation }))
}

export async function addSealed(session: Session, relation: string, tableNo: number, entries: readonly SealedEntry[]): Promise<void> {
  await session.execute(sql('sealed/add', { relation }), [tableNo, entries.map(({ key }) => JSON.stringify(key)), entries.map(({ column }) => column), entries.map(({ sealed }) => sealed), entries.map(({ digest }) => digest)])
}

/** All that was sealed of one row. */
export interface SealedRow {
  readonly key: readonly string[]
  readonly columns: readonly string[]
  readonly sealed: readonly Buffer[]
  readonly digests: readonly Buffer[]
}

export async function pendingSealed(session: Session, relation: string, tableNo: number, most: number): Promise<readonly SealedRow[]> {
  return session.rows<SealedRow & Record<string, unknown>>(sql('sealed/pending', { relation }), [tableNo, most])
}

/** The target's rows with these keys, found by the table's own index. */
export function rowsByKey(table: TableShape, keys: readonly (readonly string[])[]): RowSource {
  const columns = identityColumns(table)
  const arrays = columns.map((_, n) => `ARRAY[${keys.map((key) => quoted(key[n] ?? '')).join(', ')}]::text[]`)
  const matches = columns.map((column, n) => compared(columnOf('t', column.name), '=', `k.k${n + 1}::${castTo(column)}`, column.equality))
  return { from: `unnest(${arrays.join(', ')}) AS k(${columns.map((_, n) => `k${n + 1}`).join(', ')}) JOIN ${tableItself(table)} ON ${matches.join(' AND ')}`, where: 'true' }
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** Writes these columns of these rows; yields how many rows there were. Call within `guarded`. */
export async function writeColumns(session: Session, table: TableShape, names: readonly string[], rows: readonly { readonly key: readonly string[]; readonly values: readonly Field[] }[]): Promise<number> {
  const key = identityColumns(table)
  const columns = names.map((name) => planColumn(table, name))
  const arrays = [...key.map((_, n) => rows.map((row) => row.key[n] ?? '')), ...columns.map((_, n) => rows.map((row) => row.values[n]?.toString('utf8') ?? null))]
  return session.execute(
    sql('sealed/write', {
      table: tableItself(table),
      sets: columns.map((column, n) => `${ident(column.name)} = k.v${n + 1}::${castTo(column)}`).join(', '),
      arrays: arrays.map((_, n) => `$${n + 1}::text[]`).join(', '),
      names: [...key.map((_, n) => `k${n + 1}`), ...columns.map((_, n) => `v${n + 1}`)].join(', '),
      matches: key.map((column, n) => compared(columnOf('t', column.name), '=', `k.k${n + 1}::${castTo(column)}`, column.equality)).join(' AND '),
    }),
    arrays,
  )
}

/** Notes for each column what the target read, and a digest of what it stores by which a later change is seen. */
export async function markOpened(session: Session, relation: string, table: TableShape, hidden: readonly string[], entries: readonly Omit<SealedEntry, 'sealed'>[]): Promise<number> {
  const text = sql('sealed/opened', { relation, table: tableItself(table), matches: keyMatches(table), stored: storedDigest(table, hidden) })
  return session.execute(text, [table.no, entries.map(({ key }) => JSON.stringify(key)), entries.map(({ column }) => column), entries.map(({ digest }) => digest)])
}

export interface SealedDifference {
  readonly key: readonly string[]
  readonly column_name: string
  readonly pending: boolean
}

/** What of a table's sealed secrets is not on the target as it was sealed, and how many columns were sealed at all. Needs no key. */
export async function compareSealed(session: Session, relation: string, table: TableShape, hidden: readonly string[]): Promise<{ readonly differences: readonly SealedDifference[]; readonly sealed: number }> {
  const differences = await session.rows<SealedDifference & Record<string, unknown>>(sql('sealed/compare', { relation, table: tableItself(table), matches: keyMatches(table), stored: storedDigest(table, hidden) }), [table.no])
  const { sealed } = await session.one<{ sealed: string }>(sql('sealed/count', { relation }), [table.no])
  return { differences, sealed: Number(sealed) }
}

/** Whether row t has the key of the side table's row s. */
function keyMatches(table: TableShape): string {
  return identityColumns(table).map((column, n) => compared(columnOf('t', column.name), '=', `s.key[${n + 1}]::${castTo(column)}`, column.equality)).join(' AND ')
}

function storedDigest(table: TableShape, hidden: readonly string[]): string {
  const columns = inNameOrder(hidden.map((name) => planColumn(table, name)))
  return `pg_catalog.sha256(pg_catalog.convert_to(ROW(${columns.map((column) => canonical(column, columnOf('t', column.name))).join(', ')})::text, 'UTF8'))`
}
