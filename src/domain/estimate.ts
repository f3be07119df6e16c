import type { SampledRate } from './sampled-rate.js'

/** How long the organization will stand still, and what that figure stands on. */
export interface WindowEstimate {
  /** Null where rows were not counted. */
  readonly windowSeconds: number | null
  readonly basis: string
}

/** As the window of moves of narrow rows was measured on two cores (bench/README.md): 27 s for a million rows of 110 tables, 7 s for 400. */
const ROWS_PER_SECOND = 40_000
const SECONDS_PER_TABLE = 0.05
const FIXED_SECONDS = 2

export interface WindowBasis {
  readonly tables: number
  /** Null where rows were not counted. */
  readonly rows: number | null
  /** What `plan --sample` measured; absent where nobody asked for it. */
  readonly sampled?: SampledRate | null
}

/** Pure. Without a sample the same figure for `plan` and for the limit that a move is begun with. */
export function estimateWindow({ tables, rows, sampled = null }: WindowBasis): WindowEstimate {
  if (rows === null) return { windowSeconds: null, basis: 'rows were not counted: findings above come first' }
  const fences = FIXED_SECONDS + tables * SECONDS_PER_TABLE
  const total = sumOf(sampled, 'rows')
  if (sampled !== null && total > 0) return { windowSeconds: Math.ceil(fences + sampledSeconds(sampled, rows)), basis: `fences on ${tables} tables, then ${rows} rows; ${measured(sampled, total)}` }
  return {
    windowSeconds: Math.ceil(fences + rows / ROWS_PER_SECOND),
    basis: `fences on ${tables} tables, then ${rows} rows at ${ROWS_PER_SECOND} rows/s, copied and verified, as moves of narrow rows were measured on two cores${sampled === null ? '' : `; the sample measured nothing: ${sampled.cutShort ?? 'no table has rows'}`}`,
  }
}

/** Tables of the sample at their own rate, the others at that of the sample as a whole. */
function sampledSeconds({ tables }: SampledRate, rows: number): number {
  const all = { rows: 0, seconds: 0, owned: 0, ownedSeconds: 0 }
  for (const table of tables) {
    all.rows += table.rows
    all.seconds += table.seconds
    all.owned += table.ownedRows
    all.ownedSeconds += table.rows === 0 ? 0 : (table.ownedRows * table.seconds) / table.rows
  }
  return all.ownedSeconds + (Math.max(0, rows - all.owned) * all.seconds) / all.rows
}

function measured(sampled: SampledRate, rows: number): string {
  const rate = Math.round(rows / Math.max(sumOf(sampled, 'seconds'), 0.001))
  const tables = sampled.tables.length
  return [
    `measured: ${rate.toLocaleString('en-US')} rows/s over ${tables} table${tables === 1 ? '' : 's'}, ${rows.toLocaleString('en-US')} rows copied by one stream into temporary tables of the target and read again on both sides`,
    ...(sampled.cutShort === null ? [] : [`not more, for ${sampled.cutShort}`]),
    'temporary tables have no foreign keys, no write-ahead log and not the size of the real indexes, so the move itself may take longer per row, and with several streams less in all',
  ].join('; ')
}

function sumOf(sampled: SampledRate | null, what: 'rows' | 'seconds'): number {
  return (sampled?.tables ?? []).reduce((sum, table) => sum + table[what], 0)
}
