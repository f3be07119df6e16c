import { piecesPerChunk } from '../domain/chunk-size.js'
import type { OwnedTable, PlanColumn, TableShape } from '../domain/move-plan.js'
import { columnOf } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { keyCompared } from './compare.js'
import { identityColumns, ownedRows } from './owned-rows.js'
import type { RowSource, Scope } from './owned-rows.js'

/** A contiguous key range of a table's owned rows on the source: the unit of copying, checkpointing, verifying and purging. */
export interface Chunk {
  readonly tableNo: number
  readonly chunkNo: number
  /** Exclusive; null from the beginning. Key values as text, in the order of the identity. */
  readonly lower: readonly string[] | null
  /** Inclusive; null to the end. */
  readonly upper: readonly string[] | null
}

/** Statements that count many tables at once stay below this, so that one statement never takes many locks. */
const TABLES_PER_STATEMENT = 40

/** Keys of a chunk travel as one array: where they may be long, a chunk has fewer of them, so that memory stays bounded. */
const MOST_ROWS_WITH_LONG_KEYS = 20_000
const SHORT_KEY_TYPES = new Set(['int8', 'uuid', 'date', 'timestamp', 'timestamptz', 'bool', 'oid', 'float8', 'inet'])

/** Exact owned rows of each table by its number; a few round trips for a thousand tables. */
export async function countOwned(session: Session, tables: readonly OwnedTable[], scope: Scope): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  for (let start = 0; start < tables.length; start += TABLES_PER_STATEMENT) {
    const parts = tables.slice(start, start + TABLES_PER_STATEMENT).map((table) => sql('chunk/count-owned', { no: String(table.no), ...ownedRows(table, scope) }))
    for (const row of await session.rows<{ no: number; rows: string }>(parts.join('\nUNION ALL\n'))) counts.set(row.no, Number(row.rows))
  }
  return counts
}

/** Whether chunks of one table, in the order of their numbers, leave no key out: each begins where the one before it ends. */
export function leaveNoGap(chunks: readonly Pick<Chunk, 'chunkNo' | 'lower' | 'upper'>[]): boolean {
  const ends = [null, ...chunks.map(({ upper }) => upper)].map((end) => JSON.stringify(end))
  return ends.at(-1) === 'null' && chunks.every(({ chunkNo, lower }, n) => chunkNo === n + 1 && JSON.stringify(lower) === ends[n])
}

export interface CutOptions {
  /** What the table has of the organization. */
  readonly rows: number
  readonly chunkRows: number
  readonly jobs: number
}

/**
 * Cuts a table's owned rows by their key, finely enough that all jobs have a part in a big table, where the indexes let the pieces be read for what the
 * whole costs; else by `chunkRows`. A table without identity, or with few rows, is one chunk.
 */
export async function cutChunks(session: Session, table: OwnedTable, scope: Scope, { rows, chunkRows: most, jobs }: CutOptions): Promise<readonly Chunk[]> {
  if (rows === 0) return []
  const key = identityColumns(table)
  const full = key.every((column) => SHORT_KEY_TYPES.has(column.castType.name)) ? most : Math.min(most, MOST_ROWS_WITH_LONG_KEYS)
  const pieces = piecesPerChunk({ rows, chunkRows: full, jobs })
  const size = Math.floor(full / pieces)
  if (key.length === 0 || rows <= size) return chunksBetween(table, [])
  const uppers = await upperBounds(session, key, ownedRows(table, scope), size)
  // the last bound may be the last row: the open end then holds nothing and is cut off
  const ends = rows % size === 0 ? uppers.slice(0, -1) : uppers
  const fine = chunksBetween(table, ends)
  if (pieces === 1 || (await areReadAsOne(session, table, scope, fine))) return fine
  return chunksBetween(table, ends.filter((_, n) => (n + 1) % pieces === 0))
}

function chunksBetween(table: OwnedTable, ends: readonly (readonly string[])[]): readonly Chunk[] {
  return [...ends, null].map((upper, n) => ({ tableNo: table.no, chunkNo: n + 1, lower: n === 0 ? null : (ends[n - 1] ?? null), upper }))
}

/** Where only the owner's column is indexed, each piece goes through all rows of the organization again: the planner knows. */
const MOST_TIMES_THE_COST = 1.5

/** Whether the chunks together are read for what the whole costs. */
export async function areReadAsOne(session: Session, table: OwnedTable, scope: Scope, chunks: readonly Chunk[]): Promise<boolean> {
  const middle = chunks[Math.floor(chunks.length / 2)]
  if (middle === undefined) return true
  const [whole, piece] = [await planCost(session, ownedRows(table, scope)), await planCost(session, chunkRows(table, scope, middle))]
  return piece * chunks.length <= whole * MOST_TIMES_THE_COST
}

async function planCost(session: Session, source: RowSource): Promise<number> {
  const { 'QUERY PLAN': plans } = await session.one<{ 'QUERY PLAN': readonly { readonly Plan: { readonly 'Total Cost': number } }[] }>(sql('prepare/explain', { ...source }))
  return plans[0]?.Plan['Total Cost'] ?? Number.POSITIVE_INFINITY
}

async function upperBounds(session: Session, key: readonly PlanColumn[], source: RowSource, chunkRows: number): Promise<readonly (readonly string[])[]> {
  const columns = key.map((column) => columnOf('t', column.name))
  const rows = await session.rows<{ key: string[] }>(
    sql('chunk/bounds', { keys: key.map((_, n) => `numbered.c${n + 1}::text`).join(', '), names: columns.map((column, n) => `${column} AS c${n + 1}`).join(', '), order: columns.join(', '), ...source }),
    [chunkRows],
  )
  return rows.map((row) => row.key)
}

/** The rows of a chunk on the source. */
export function chunkRows(table: OwnedTable, scope: Scope, chunk: Chunk): RowSource {
  const { from, where } = ownedRows(table, scope)
  return { from, where: [`(${where})`, ...rangeOf(table, chunk)].join(' AND ') }
}

/**
 * The same range of keys among the rows that another scope tells, on either cell. The ranges of chunks that leave no gap cover every row in any
 * collation: a key is at most one of the bounds, or above the last. A row without a key is in the last range. In an order that is not the source's they may
 * overlap: then rows are seen twice, and counts differ.
 */
export function rowsInRange(table: OwnedTable, scope: Scope, chunk: Chunk): RowSource {
  const range = chunkRows(table, scope, chunk)
  if (chunk.lower === null || chunk.upper !== null) return range
  const { from, where } = ownedRows(table, scope)
  const noKey = identityColumns(table).map((column) => `${columnOf('t', column.name)} IS NULL`).join(' OR ')
  return { from: `(SELECT * FROM ${range.from} WHERE ${range.where} UNION ALL SELECT * FROM ${from} WHERE (${where}) AND (${noKey})) AS t`, where: 'true' }
}

function rangeOf(table: TableShape, chunk: Chunk): readonly string[] {
  const key = identityColumns(table)
  return [
    ...(chunk.lower === null ? [] : [keyCompared(key, 't', '>', chunk.lower)]),
    ...(chunk.upper === null ? [] : [keyCompared(key, 't', '<=', chunk.upper)]),
  ]
}
