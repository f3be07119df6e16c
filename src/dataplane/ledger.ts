import { bug } from '../domain/errors.js'
import type { PlanColumn, TableShape } from '../domain/move-plan.js'
import { columnOf, literal } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared } from './compare.js'
import type { Holder } from './guard.js'
import { identityColumns, tableItself } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'
import { castTo, projected } from './projection.js'
import type { MapRelation } from './projection.js'

export interface ChunkId {
  readonly tableNo: number
  readonly chunkNo: number
}

/** Keys of a chunk's rows in projected values: one PostgreSQL text[] in text form per key column. Never parsed here. */
export interface ChunkKeys {
  readonly rows: number
  readonly arrays: readonly string[]
}

/** Reads the keys of a set of source rows as the target will hold them. */
export async function readKeys(session: Session, table: TableShape, source: RowSource, map: MapRelation): Promise<ChunkKeys> {
  const key = identityColumns(table)
  if (key.length === 0) throw bug(`${table.id.name} has no key to record`)
  const columns = key.map((column, n) => `${isPlain(column) ? projected(table, column, map) : `(${projected(table, column, map)})::text`} AS p${n + 1}`)
  const arrays = key.map((_, n) => `coalesce(array_agg(p${n + 1}), '{}')::text AS k${n + 1}`)
  const row = await session.one<Record<string, string>>(sql('chunk/keys', { arrays: arrays.join(', '), columns: columns.join(', '), ...source }))
  return { rows: Number(row['rows']), arrays: key.map((_, n) => row[`k${n + 1}`] ?? '{}') }
}

/**
 * Types whose arrays print each element as the element's own text: a third of the cost of a cast for each key (measured, 160,000
 * keys of two columns: 50 ms against 150). Of others that would not hold: an array of arrays is no array of their texts.
 */
const PLAIN = new Set(['int2', 'int4', 'int8', 'uuid'])

function isPlain({ castType }: PlanColumn): boolean {
  return castType.schema === 'pg_catalog' && PLAIN.has(castType.name)
}

export async function isLoaded(session: Session, holder: Holder, chunk: ChunkId): Promise<boolean> {
  return (await session.rows(sql('ledger/has'), [holder.moveId, chunk.tableNo, chunk.chunkNo])).length > 0
}

/** Records a chunk in the transaction that loads it. `keys` is empty for a table without identity. */
export async function addToLedger(session: Session, holder: Holder, chunk: ChunkId, rows: number, keys: readonly string[]): Promise<void> {
  await session.rows(sql('ledger/add'), [holder.moveId, chunk.tableNo, chunk.chunkNo, rows])
  for (const [n, array] of keys.entries()) await session.rows(sql('ledger/add-keys'), [holder.moveId, chunk.tableNo, chunk.chunkNo, n + 1, array])
}

export interface LedgerRow extends ChunkId {
  readonly rows: number
}

/** What this cell holds of the move, whatever the journal says. */
export async function readLedger(session: Session, moveId: string): Promise<readonly LedgerRow[]> {
  const rows = await session.rows<{ table_no: number; chunk_no: number; rows: string }>(sql('ledger/loaded'), [moveId])
  return rows.map((row) => ({ tableNo: row.table_no, chunkNo: row.chunk_no, rows: Number(row.rows) }))
}

/**
 * The target's rows of a chunk by the ledger's keys. The arrays are read from the ledger, not sent again; the planner takes an
 * unnest of a subselect for few rows and so looks each key up by the index, whatever the size of the table.
 */
export function ledgerRows(table: TableShape, moveId: string, chunk: ChunkId): RowSource {
  const { from, where } = ledgerMatch(table, moveId, chunk)
  return { from: `${from} JOIN ${tableItself(table)} ON ${where}`, where: 'true' }
}

/** The same rows as rows of the table alone, so that they can be locked. */
export function ledgerInPlace(table: TableShape, moveId: string, chunk: ChunkId): RowSource {
  const { from, where } = ledgerMatch(table, moveId, chunk)
  return { from: tableItself(table), where: `EXISTS (SELECT 1 FROM ${from} WHERE ${where})` }
}

function ledgerMatch(table: TableShape, moveId: string, chunk: ChunkId): RowSource {
  const key = identityColumns(table)
  if (key.length === 0) throw bug(`${table.id.name} has no key in the ledger`)
  const arrays = key.map(
    (_, n) =>
      `(SELECT l.keys FROM org_mover.ledger_keys AS l WHERE l.move_id = ${literal(moveId)}::uuid AND l.table_no = ${chunk.tableNo} AND l.chunk_no = ${chunk.chunkNo} AND l.column_no = ${n + 1})`,
  )
  return { from: unnested(arrays), where: keyMatches(table) }
}

function unnested(arrays: readonly string[]): string {
  return `unnest(${arrays.join(', ')}) AS k(${arrays.map((_, n) => `k${n + 1}`).join(', ')})`
}

/** Whether the row under the alias has the key k. */
function keyMatches(table: TableShape, alias = 't'): string {
  return identityColumns(table)
    .map((column, n) => compared(columnOf(alias, column.name), '=', `k.k${n + 1}::${castTo(column)}`, column.equality))
    .join(' AND ')
}

/** Whether the target's row under the alias is named by any chunk that the ledger still has of its table. */
export function isInLedger(table: TableShape, moveId: string, alias: string): string {
  const { from, where } = everyChunk(table, moveId, alias)
  return `EXISTS (SELECT 1 FROM ${from} WHERE ${where})`
}

function everyChunk(table: TableShape, moveId: string, alias = 't'): RowSource {
  const key = identityColumns(table)
  if (key.length === 0) throw bug(`${table.id.name} has no key in the ledger`)
  const columns = key.map((_, n) => `l${n + 1}`)
  const inStep = columns.map((l, n) => `${l}.move_id = ${literal(moveId)}::uuid AND ${l}.table_no = ${table.no} AND ${l}.column_no = ${n + 1} AND ${l}.chunk_no = l1.chunk_no`)
  return { from: [...columns.map((l) => `org_mover.ledger_keys AS ${l}`), unnested(columns.map((l) => `${l}.keys`))].join(', '), where: [...inStep, keyMatches(table, alias)].join(' AND ') }
}

/** A few keys, and the number, of rows on the target that no chunk of the table's ledger names. Not for tables without identity. */
export async function unsentRows(session: Session, table: TableShape, moveId: string, rows: RowSource, most: number): Promise<{ readonly total: number; readonly keys: readonly Readonly<Record<string, string>>[] }> {
  const { from: ledger, where: matches } = everyChunk(table, moveId)
  const key = identityColumns(table)
  const found = await session.rows<{ key: string[]; total: string }>(
    sql('verify/unsent', { key: `ARRAY[${key.map((column) => `${columnOf('t', column.name)}::text`).join(', ')}]`, ...rows, ledger, matches }),
    [most],
  )
  return { total: Number(found[0]?.total ?? 0), keys: found.map((row) => Object.fromEntries(key.map((column, n) => [column.name, row.key[n] ?? '']))) }
}

/** Deletes exactly the rows that the ledger names for a chunk; yields how many there were. Call within `guarded`. */
export async function deleteByLedger(session: Session, table: TableShape, moveId: string, chunk: ChunkId): Promise<number> {
  const { from, where } = ledgerMatch(table, moveId, chunk)
  return session.execute(sql('ledger/delete-rows', { table: tableItself(table), ledger: from, matches: where }))
}

export async function forgetChunk(session: Session, moveId: string, chunk: ChunkId): Promise<void> {
  await session.rows(sql('ledger/forget'), [moveId, chunk.tableNo, chunk.chunkNo])
}
