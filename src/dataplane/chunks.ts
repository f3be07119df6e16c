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

/** Cuts a table's owned rows by their key. A table without identity, or with few rows, is one chunk. */
export async function cutChunks(session: Session, table: OwnedTable, scope: Scope, options: { readonly rows: number; readonly chunkRows: number }): Promise<readonly Chunk[]> {
  if (options.rows === 0) return []
  const key = identityColumns(table)
  const size = key.every((column) => SHORT_KEY_TYPES.has(column.castType.name)) ? options.chunkRows : Math.min(options.chunkRows, MOST_ROWS_WITH_LONG_KEYS)
  const uppers = key.length === 0 || options.rows <= size ? [] : await upperBounds(session, key, ownedRows(table, scope), size)
  // the last bound may be the last row: the open end then holds nothing and is cut off
  const ends = options.rows % size === 0 && uppers.length > 0 ? uppers.slice(0, -1) : uppers
  return [...ends, null].map((upper, n) => ({ tableNo: table.no, chunkNo: n + 1, lower: n === 0 ? null : (ends[n - 1] ?? null), upper }))
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

function rangeOf(table: TableShape, chunk: Chunk): readonly string[] {
  const key = identityColumns(table)
  return [
    ...(chunk.lower === null ? [] : [keyCompared(key, 't', '>', chunk.lower)]),
    ...(chunk.upper === null ? [] : [keyCompared(key, 't', '<=', chunk.upper)]),
  ]
}
