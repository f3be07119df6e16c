import type { Side } from './vocabulary.js'

/** What became of the values of one secret column on one side: counts, never values. */
export interface SecretCount {
  readonly side: Side
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly values: number
  readonly clear: number
  readonly unreadable: number
  /** Opened values by the version of the key; under `?` where the codec does not know it. */
  readonly keys: Readonly<Record<string, number>>
}
