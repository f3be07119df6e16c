import * as fc from 'fast-check'
import { KEY_TYPES } from './key-types.js'
import type { KeyLabel } from './key-types.js'
import { STYLES } from './names.js'
import type { Style } from './names.js'

/** Kinds of tables that a case is put together from. */
export const TABLE_KINDS = [
  'direct',
  'via',
  'via',
  'via',
  'shared key',
  'any of',
  'nested',
  'join',
  'join without key',
  'partitioned',
  'split leaves',
  'circle',
  'query',
  'unowned',
  'other database',
  'empty',
] as const
export type TableKind = (typeof TABLE_KINDS)[number]

export interface CaseSpec {
  readonly seed: number
  readonly orgKey: KeyLabel
  readonly hasRoot: boolean
  readonly keyNames: number
  readonly styles: readonly Style[]
  readonly ownSchema: boolean
  readonly sequences: 'check' | 'advance'
  readonly chunkRows: number
  readonly twoDatabases: boolean
  readonly lookups: boolean
  readonly shared: boolean
  readonly triggers: boolean
  readonly tables: readonly { readonly kind: TableKind; readonly seed: number }[]
}

/** Shrinks towards fewer tables, plain names, one database and nothing exempt. */
export const caseSpecs: fc.Arbitrary<CaseSpec> = fc.record({
  seed: fc.nat(),
  orgKey: fc.constantFrom(...KEY_TYPES),
  hasRoot: fc.boolean(),
  keyNames: fc.integer({ min: 1, max: 3 }),
  styles: fc.subarray([...STYLES], { minLength: 1 }),
  ownSchema: fc.boolean(),
  sequences: fc.constantFrom('check', 'advance'),
  chunkRows: fc.constantFrom(1000, 1, 2, 3),
  twoDatabases: fc.boolean(),
  lookups: fc.boolean(),
  shared: fc.boolean(),
  triggers: fc.boolean(),
  tables: fc.array(fc.record({ kind: fc.constantFrom(...TABLE_KINDS), seed: fc.nat() }), { minLength: 2, maxLength: 16 }),
})
