import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AT_ONCE, every, PATIENCE, spread, STEP, Tally, throwAll } from '../support/fault-selection.js'
import { SERVERS } from '../support/fault-trial.js'
import { tryUndo, UNDOINGS, undoUndisturbed } from '../support/undo-trial.js'
import type { UndoExpected, UndoTrial } from '../support/undo-trial.js'
import { FAULTS } from '../support/wire-link.js'

/**
 * As every-statement-every-cut does it with a move: here the command is run again, and must end as if undisturbed. The selection of `npm test` disturbs each server
 * in each way once, in an abort or in a purge by turns.
 */
const SELECTED = 1

for (const [c, command] of UNDOINGS.entries()) {
  describe(`every statement of ${command}, every cut (P5, P9)`, () => {
    let expected: UndoExpected
    const tally = new Tally()
    let [faults, runs] = [0, 0]

    beforeAll(async () => {
      expected = await undoUndisturbed(command)
    })
    afterAll(() => {
      process.stderr.write(`every statement of ${command}, every cut: ${runs} runs of ${Object.values(expected.statements).join(' + ')} statements (${SERVERS.join(', ')}), ${faults} faults injected\n${tally.lines}`)
    })

    for (const [s, server] of SERVERS.entries()) {
      for (const [k, kind] of FAULTS.entries()) {
        if (STEP === 0 && (s + k + c) % 2 === 1) continue
        test(`${server}: ${kind}`, { timeout: PATIENCE }, async () => {
          const limit = pLimit(AT_ONCE)
          const count = expected.statements[server]
          const chosen = STEP > 0 ? every(STEP, count) : spread(count, s * FAULTS.length + k, SELECTED)
          const failures: unknown[] = []
          await Promise.all(chosen.map((n) => limit(() => one({ command, server, kind, n }).catch((error: unknown) => failures.push(error)))))
          throwAll(failures)
        })
      }
    }

    async function one(trial: UndoTrial): Promise<void> {
      const { wasHit, ended } = await tryUndo(trial, expected)
      runs += 1
      faults += Number(wasHit)
      expect(wasHit, `${trial.server} ${trial.kind} ${trial.n}`).toBe(trial.n <= expected.statements[trial.server])
      tally.add(`${trial.server} ${trial.kind}: ${ended}`)
    }
  })
}
