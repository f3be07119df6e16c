import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MOVE_PHASES } from '../../src/domain/vocabulary.js'
import type { MovePhase } from '../../src/domain/vocabulary.js'
import type { Progress } from '../../src/observability/progress.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { differences, nameless } from '../support/fault-trial.js'
import type { Expected } from '../support/fault-trial.js'
import { databaseOn } from '../support/own-cluster.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'
import { smallCell } from '../support/small-schema.js'
import { startTestCluster } from '../support/test-cluster.js'

const ROLES = ['source', 'target', 'control'] as const
const CONFIG = { lease: '10m', answer_timeout: '1s' }

describe('servers that crash, end sessions or limit statements in the middle of a move (P5)', () => {
  const clusters = new Map<(typeof ROLES)[number], Cluster>()
  let before: Expected['before']
  let moved: Expected['before']
  let [crashes, disturbed] = [0, 0]

  beforeAll(async () => {
    const started = await Promise.all(ROLES.map(() => startTestCluster()))
    for (const [n, role] of ROLES.entries()) {
      const cluster = started[n]
      if (cluster !== undefined) clusters.set(role, cluster)
    }
    await using cells = await ownCells()
    before = await cells.look()
    expect((await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))).exit).toBe(0)
    moved = nameless(await cells.look(), await cells.moveId())
  })
  afterAll(async () => {
    process.stdout.write(`servers: ${crashes} crashes or mass terminations, ${disturbed} of them ended the command\n`)
    for (const cluster of clusters.values()) await cluster[Symbol.asyncDispose]()
  })

  const on = (role: (typeof ROLES)[number]): Cluster => {
    const cluster = clusters.get(role)
    if (cluster === undefined) throw new Error(`no server for ${role}`)
    return cluster
  }
  const ownCells = (): Promise<SmallCells> =>
    smallCells({ config: CONFIG, databases: (role) => databaseOn(on(role === 'routing' ? 'control' : role), role === 'target' ? 'b' : 'a', role === 'source' ? smallCell('a') : role === 'target' ? smallCell('b') : '') })

  /** Moves, does harm when that phase begins, remedies, and yields how the disturbed command ended. */
  async function disturb(phase: MovePhase, remedy: 'resume' | 'abort', harm: (cells: SmallCells) => Promise<void>): Promise<void> {
    await using cells = await ownCells()
    const harms: Promise<void>[] = []
    const progress: Progress = (event) => {
      if (event.kind === 'phase' && event.phase === phase && event.state === 'started') harms.push(harm(cells))
    }
    const first = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io), { progress })
    await Promise.all(harms)
    crashes += 1
    disturbed += Number(first.exit !== 0)
    expect(harms, first.message).toHaveLength(1)
    expect([0, 5, 6], `${first.code} ${first.message}`).toContain(first.exit)
    await cells.endLease()
    const id = (await cells.moveId()) ?? ''
    if (remedy === 'abort' && (await cells.route()) === 'cell-a') {
      const aborted = await cells.run((app, io) => app.abort(id, io))
      expect([aborted.exit, aborted.document?.state], aborted.message).toEqual([0, 'aborted'])
      expect(differences(await cells.look(), before)).toEqual([])
      return
    }
    const second = await cells.run((app, io) => app.resume(id, io))
    expect([second.exit, second.document?.state], `${second.code} ${second.message}`).toEqual([0, 'cut_over'])
    expect(differences(nameless(await cells.look(), id), moved)).toEqual([])
  }

  for (const [n, phase] of MOVE_PHASES.entries()) {
    for (const [m, role] of ROLES.entries()) {
      const remedy = (n + m) % 2 === 0 ? 'resume' : 'abort'
      test(`the ${role}'s server crashes as ${phase} begins, and comes back; ${remedy}`, async () => {
        await disturb(phase, remedy, async () => {
          await on(role).crash()
          await on(role).start()
        })
      })
    }
    test(`every session of the mover is terminated as ${phase} begins; resume`, async () => {
      await disturb(phase, 'resume', async (cells) => {
        const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'org-mover%' AND application_name NOT LIKE 'org-mover-test%'`
        await Promise.all(ROLES.map((role) => cells.databases[role].query(end)))
      })
    })
  }

  test('limits that databases set for everybody do not apply to the mover', async () => {
    await using cells = await ownCells()
    for (const role of ROLES) {
      const { name } = cells.databases[role]
      await cells.databases[role].query(`ALTER DATABASE ${name} SET statement_timeout = '1ms'; ALTER DATABASE ${name} SET idle_in_transaction_session_timeout = '1ms'; ALTER DATABASE ${name} SET lock_timeout = '1ms'`)
    }
    const done = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))
    expect([done.exit, done.document?.state], done.message).toEqual([0, 'cut_over'])
  })
})
