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

/** What a sample of the organization's own rows did between these cells. */
export interface MeasuredRate {
  readonly rows: number
  readonly bytes: number
  readonly seconds: number
}

export interface WindowBasis {
  readonly tables: number
  /** Null where rows were not counted. */
  readonly rows: number | null
  readonly sample?: MeasuredRate | null
}

/** Pure. The same figure for `plan` and for the limit that a move is begun with. */
export function estimateWindow({ tables, rows, sample = null }: WindowBasis): WindowEstimate {
  if (rows === null) return { windowSeconds: null, basis: 'rows were not counted: findings above come first' }
  const isMeasured = sample !== null && sample.rows > 0 && sample.seconds > 0
  const perSecond = isMeasured ? sample.rows / sample.seconds : ROWS_PER_SECOND
  const seconds = Math.ceil(FIXED_SECONDS + tables * SECONDS_PER_TABLE + rows / perSecond)
  const source = isMeasured ? `as a sample of ${sample.rows} of them was copied and read again between these cells` : 'as moves of narrow rows were measured on two cores'
  return { windowSeconds: seconds, basis: `fences on ${tables} tables, then ${rows} rows at ${Math.round(perSecond)} rows/s, copied and verified, ${source}` }
}
