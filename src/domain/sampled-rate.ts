import type { UnitId } from './ownership.js'

/** How much of an organization a dry run may copy to see how fast that goes. */
export interface SampleLimits {
  /** The biggest so many tables. */
  readonly tables: number
  /** Of each at most so many rows. */
  readonly rows: number
  /** Of all together, as they travel. */
  readonly bytes: number
  /** Over all tables. */
  readonly timeMs: number
}

/** What one table's sample took, copied and then read on both sides. */
export interface SampledTable {
  readonly id: UnitId
  readonly rows: number
  readonly bytes: number
  readonly seconds: number
  /** Of the organization, not of the sample. */
  readonly ownedRows: number
}

export interface SampledRate {
  readonly tables: readonly SampledTable[]
  /** Why less was measured than was asked for; null where nothing stood against it. */
  readonly cutShort: string | null
}
