import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REMEDIES, SERVERS, tryFault, undisturbed } from '../support/fault-trial.js'
import type { Expected } from '../support/fault-trial.js'
import { FAULTS } from '../support/wire-proxy.js'

/**
 * Every statement, every cut: a move is disturbed at each statement that it sends to each server, in each way; then `resume` must come to
 * where an undisturbed move comes, and `abort`, in a twin, to where it began. `npm test` takes a selection, `npm run test:fault`
 * all of them. ORG_MOVER_TEST_FAULT_STEP=k takes every k-th statement.
 */
const STEP = Number(process.env['ORG_MOVER_TEST_FAULT_STEP'] ?? 0)
const AT_ONCE = STEP > 0 ? 4 : 3
/** Statements of each server at which a selection is hit in each way; the twins take turns there. */
const SELECTED = 3

describe('every statement, every cut (P5)', () => {
  let expected: Expected
  const tally = new Map<string, number>()
  let [faults, runs] = [0, 0]

  beforeAll(async () => {
    expected = await undisturbed()
  })
  afterAll(() => {
    const lines = [...tally].sort().map(([what, count]) => `  ${count} × ${what}`)
    process.stdout.write(`every statement, every cut: ${runs} moves of ${Object.values(expected.statements).join(' + ')} statements (${SERVERS.join(', ')}), ${faults} faults injected\n${lines.join('\n')}\n`)
  })

  for (const [s, server] of SERVERS.entries()) {
    for (const [k, kind] of FAULTS.entries()) {
      test(`${server}: ${kind}`, { timeout: STEP > 0 ? 4 * 3_600_000 : 120_000 }, async () => {
        const limit = pLimit(AT_ONCE)
        const count = expected.statements[server]
        const selected = spread(count, s * FAULTS.length + k).map((n, i) => ({ n, remedies: [REMEDIES[(i + k) % 2] ?? 'resume'] }))
        const chosen = STEP > 0 ? every(STEP, count).map((n) => ({ n, remedies: REMEDIES })) : selected
        const failures: unknown[] = []
        await Promise.all(chosen.flatMap(({ n, remedies }) => remedies.map((remedy) => limit(() => one({ server, kind, n, remedy }).catch((error: unknown) => failures.push(error))))))
        if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))).slice(0, 20).join('\n'))
      })
    }
  }

  async function one(trial: Parameters<typeof tryFault>[0]): Promise<void> {
    const { wasHit, ended } = await tryFault(trial, expected)
    runs += 1
    faults += Number(wasHit)
    // one statement after the last nothing is left to disturb
    expect(wasHit, `${trial.server} ${trial.kind} ${trial.n}`).toBe(trial.n <= expected.statements[trial.server])
    const key = `${trial.server} ${trial.kind}: ${ended}`
    tally.set(key, (tally.get(key) ?? 0) + 1)
  }
})

/** Each `step`-th of them, and the one after the last. */
function every(step: number, count: number): readonly number[] {
  return [...Array.from({ length: Math.floor((count - 1) / step) + 1 }, (_, n) => 1 + n * step), count + 1]
}

/** A few of them, others for each salt. */
function spread(count: number, salt: number): readonly number[] {
  return Array.from({ length: SELECTED }, (_, n) => 1 + Math.floor(((n + ((salt * 7) % 12) / 12) / SELECTED) * count))
}

