import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AT_ONCE, every, PATIENCE, STEP, Tally, throwAll } from '../support/fault-selection.js'
import { SERVERS, undisturbed } from '../support/fault-trial.js'
import type { Server } from '../support/fault-trial.js'
import { isEdge, isPhaseEdge, statementsOfCommand, tryKill } from '../support/kill-trial.js'
import type { Killed, KillExpected, KillTrial } from '../support/kill-trial.js'
import { undoUndisturbed } from '../support/undo-trial.js'
import type { Statement } from '../support/wire-link.js'

/**
 * The program, as a process, is killed at a statement: before its server saw it, or when the server has run it; or it gets SIGTERM there. `npm test` takes each
 * beginning and end of a phase, and some of the other edges; ORG_MOVER_TEST_FAULT_STEP=k takes every k-th edge, each with every remedy.
 */
const COMMANDS: readonly Killed[] = ['move', 'abort', 'purge']
const WHEN = ['before', 'after', 'asked'] as const
const SELECTED = 1

describe('a mover that is killed, or asked to stop, at an edge of its journal, inside a COPY, or at a commit (P5)', () => {
  let expected: KillExpected
  const tally = new Tally()
  let kills = 0

  beforeAll(async () => {
    const [move, abort, purge] = [await undisturbed(), await undoUndisturbed('abort'), await undoUndisturbed('purge')]
    const statements = { move: await statementsOfCommand('move'), abort: await statementsOfCommand('abort'), purge: await statementsOfCommand('purge') }
    expected = { move, undone: { abort, purge }, statements }
  })
  afterAll(() => {
    process.stderr.write(`killed or asked to stop at edges: ${kills} processes\n${tally.lines}`)
  })

  for (const command of COMMANDS) {
    for (const server of SERVERS) {
      test(`${command}: at edges on the ${server}`, { timeout: PATIENCE }, async () => {
        const limit = pLimit(AT_ONCE)
        const failures: unknown[] = []
        await Promise.all(chosen(command, server).map((trial) => limit(() => one(trial).catch((error: unknown) => failures.push(error)))))
        throwAll(failures)
      })
    }
  }

  async function one(trial: KillTrial): Promise<void> {
    const ended = await tryKill(trial, expected)
    expect(ended, JSON.stringify(trial)).not.toBe(null)
    kills += 1
    tally.add(`${trial.command}, ${trial.when} ${trial.when === 'asked' ? 'at ' : ''}an edge on the ${trial.server}: ${ended}`)
  }

  function chosen(command: Killed, server: Server): readonly KillTrial[] {
    const edges = expected.statements[command][server].filter((statement) => isEdge(server, statement))
    const remedies = command === 'move' ? (['resume', 'abort'] as const) : (['again'] as const)
    if (STEP > 0) return nth(edges, every(STEP, edges.length)).flatMap(({ n }) => WHEN.flatMap((when) => remedies.map((remedy) => ({ command, server, n, when, remedy }))))
    // in turns, so that over all of them each moment meets each remedy
    return selection(edges).map(({ n }, i) => ({ command, server, n, when: WHEN[i % WHEN.length] ?? 'before', remedy: remedies[Math.floor(i / WHEN.length) % remedies.length] ?? 'again' }))
  }
})

function selection(edges: readonly Statement[]): readonly Statement[] {
  const phases = edges.filter(isPhaseEdge)
  const copies = edges.filter(({ text }) => text === '(copy done)').slice(0, 2)
  const others = edges.filter((statement) => !isPhaseEdge(statement) && !copies.includes(statement))
  // the last ones are where cleaning up ends
  const places = Array.from({ length: SELECTED }, (_, i) => Math.floor(((i + 1) * others.length) / SELECTED))
  return [...phases, ...copies, ...nth(others, [...new Set(places)])]
}

function nth(edges: readonly Statement[], places: readonly number[]): readonly Statement[] {
  return places.flatMap((place) => edges.slice(place - 1, place))
}
