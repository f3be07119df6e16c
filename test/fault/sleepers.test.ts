import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../../src/postgres/sql.js'
import { AT_ONCE, every, PATIENCE, spread, STEP, Tally, throwAll } from '../support/fault-selection.js'
import { REMEDIES, SERVERS, undisturbed } from '../support/fault-trial.js'
import type { Expected } from '../support/fault-trial.js'
import { trySleep } from '../support/sleep-trial.js'
import type { SleepTrial } from '../support/sleep-trial.js'

/** A driver sleeps before a statement, its lease ends, another ends the move, and it wakes up. ORG_MOVER_TEST_FAULT_STEP=k takes every k-th statement. */
const SELECTED = 3

describe('a driver that sleeps while another ends the move (P6)', () => {
  let expected: Expected
  const tally = new Tally()
  let sleepers = 0

  beforeAll(async () => {
    expected = await undisturbed()
  })
  afterAll(() => {
    process.stderr.write(`sleepers: ${sleepers} of ${Object.values(expected.statements).join(' + ')} statements (${SERVERS.join(', ')})\n${tally.lines}`)
  })

  async function one(trial: SleepTrial): Promise<string | null> {
    const ended = await trySleep(trial, expected)
    sleepers += Number(ended !== null)
    if (ended !== null) tally.add(`${trial.server}: ${ended}`)
    return ended
  }

  for (const side of ['source', 'target'] as const) {
    for (const other of REMEDIES) {
      test(`between what it records and what it creates on the ${side}, while another runs ${other}`, async () => {
        let hasRecorded = false
        const ended = await one({
          server: side,
          other,
          at: ({ text }, { control }) => {
            hasRecorded ||= control.last === sql('journal/record-created')
            return hasRecorded && text === '(connect)'
          },
        })
        expect(ended).toMatch(/woken: OM3005$/)
      })
    }
  }

  for (const [s, server] of SERVERS.entries()) {
    test(`before a statement to the ${server}`, { timeout: PATIENCE }, async () => {
      const limit = pLimit(AT_ONCE)
      const count = expected.statements[server]
      const chosen = STEP > 0 ? every(STEP, count).flatMap((n) => REMEDIES.map((other) => ({ n, other }))) : spread(count, s, SELECTED).map((n, i) => ({ n, other: REMEDIES[(i + s) % 2] ?? 'resume' }))
      const failures: unknown[] = []
      await Promise.all(chosen.map(({ n, other }) => limit(() => one({ server, other, at: (statement) => statement.n === n }).catch((error: unknown) => failures.push(error)))))
      throwAll(failures)
    })
  }
})
