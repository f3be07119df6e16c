import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AT_ONCE, every, PATIENCE, spread, STEP, Tally, throwAll } from '../support/fault-selection.js'
import { REMEDIES, SERVERS, tryFault, undisturbed } from '../support/fault-trial.js'
import type { Expected } from '../support/fault-trial.js'
import { FAULTS } from '../support/wire-link.js'

/**
 * Every statement, every cut: a move is disturbed at each statement that it sends to each server, in each way; then `resume` must come to
 * where an undisturbed move comes, and `abort`, in a twin, to where it began. `npm test` takes a selection, `npm run test:fault`
 * all of them. ORG_MOVER_TEST_FAULT_STEP=k takes every k-th statement.
 */
/** Statements of each server at which a selection is hit in each way; the twins take turns there. */
const SELECTED = 2

describe('every statement, every cut (P5)', () => {
  let expected: Expected
  const tally = new Tally()
  let [faults, runs] = [0, 0]

  beforeAll(async () => {
    expected = await undisturbed()
  })
  afterAll(() => {
    process.stdout.write(`every statement, every cut: ${runs} moves of ${Object.values(expected.statements).join(' + ')} statements (${SERVERS.join(', ')}), ${faults} faults injected\n${tally.lines}`)
  })

  for (const [s, server] of SERVERS.entries()) {
    for (const [k, kind] of FAULTS.entries()) {
      test(`${server}: ${kind}`, { timeout: PATIENCE }, async () => {
        const limit = pLimit(AT_ONCE)
        const count = expected.statements[server]
        const selected = spread(count, s * FAULTS.length + k, SELECTED).map((n, i) => ({ n, remedies: [REMEDIES[(i + k) % 2] ?? 'resume'] }))
        const chosen = STEP > 0 ? every(STEP, count).map((n) => ({ n, remedies: REMEDIES })) : selected
        const failures: unknown[] = []
        await Promise.all(chosen.flatMap(({ n, remedies }) => remedies.map((remedy) => limit(() => one({ server, kind, n, remedy }).catch((error: unknown) => failures.push(error))))))
        throwAll(failures)
      })
    }
  }

  async function one(trial: Parameters<typeof tryFault>[0]): Promise<void> {
    const { wasHit, ended } = await tryFault(trial, expected)
    runs += 1
    faults += Number(wasHit)
    // one statement after the last nothing is left to disturb
    expect(wasHit, `${trial.server} ${trial.kind} ${trial.n}`).toBe(trial.n <= expected.statements[trial.server])
    tally.add(`${trial.server} ${trial.kind}: ${ended}`)
  }
})
