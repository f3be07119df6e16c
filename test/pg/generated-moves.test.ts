import { randomInt } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { movesExactly } from '../support/generated-cell/moves-exactly.js'
import { caseSpecs } from '../support/generated-cell/spec.js'
import type { CaseSpec } from '../support/generated-cell/spec.js'

/**
 * Whole moves of schemas that nobody wrote the mover for. Which row belongs to whom is known from how it was generated.
 * `ORG_MOVER_TEST_RUNS`: how many cases. A failure prints seed and path: `ORG_MOVER_TEST_SEED` and `ORG_MOVER_TEST_PATH` run it again.
 */
const environment = process.env
const replayed = environment['ORG_MOVER_TEST_SEED']
const numRuns = Number(environment['ORG_MOVER_TEST_RUNS'] ?? 8)
const seed = replayed !== undefined ? Number(replayed) : environment['ORG_MOVER_TEST_RUNS'] === undefined ? 20_251 : randomInt(2 ** 31)
const path = environment['ORG_MOVER_TEST_PATH']

describe('P1, P2, P4, P5, P9 on generated schemas', () => {
  test(`exactly the rows of the organization move, and nothing else changes (seed ${seed})`, { timeout: 60_000 + numRuns * 20_000 }, async () => {
    await fc.assert(fc.asyncProperty(caseSpecs, movesExactly), { numRuns, seed, ...(path === undefined ? {} : { path }), endOnFailure: environment['ORG_MOVER_TEST_SHRINK'] === undefined })
  })
})

/** Cases that an earlier run found, each with what was wrong about it. */
const FOUND: readonly (readonly [string, CaseSpec])[] = [
  [
    'a key of a lookup table that stands in another database than the rows that refer to it',
    { seed: 2147483644, orgKey: 'text phonebook', hasRoot: false, keyNames: 2, styles: ['mixed', 'script'], ownSchema: false, sequences: 'check', chunkRows: 1000, twoDatabases: true, lookups: true, shared: true, triggers: false, tables: [{ kind: 'other database', seed: 1180412676 }, { kind: 'empty', seed: 361356899 }, { kind: 'other database', seed: 1098457996 }] },
  ],
  [
    'a text key of a table whose partitions stand for it, compared at the purge with a key of another collation',
    { seed: 1077099776, orgKey: 'uuid', hasRoot: true, keyNames: 2, styles: ['long', 'hostile'], ownSchema: false, sequences: 'check', chunkRows: 3, twoDatabases: true, lookups: false, shared: true, triggers: false, tables: [{ kind: 'empty', seed: 27 }, { kind: 'empty', seed: 1322988544 }, { kind: 'unowned', seed: 545141147 }, { kind: 'split leaves', seed: 2147483630 }] },
  ],
]

test.each(FOUND)('P1, P2, P9: %s', async (_, spec) => movesExactly(spec))
