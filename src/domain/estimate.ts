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
}

/** Pure. The same figure for `plan` and for the limit that a move is begun with. */
export function estimateWindow({ tables, rows }: WindowBasis): WindowEstimate {
  if (rows === null) return { windowSeconds: null, basis: 'rows were not counted: findings above come first' }
  return {
    windowSeconds: Math.ceil(FIXED_SECONDS + tables * SECONDS_PER_TABLE + rows / ROWS_PER_SECOND),
    basis: `fences on ${tables} tables, then ${rows} rows at ${ROWS_PER_SECOND} rows/s, copied and verified, as moves of narrow rows were measured on two cores`,
  }
}
