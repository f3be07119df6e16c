import { describe, expect, test } from 'vitest'
import type { Phase } from '../../src/domain/vocabulary.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { freshDatabase } from '../support/database.js'
import { failoverPair, snapshotOf } from '../support/failover-pair.js'
import type { FailoverPair } from '../support/failover-pair.js'
import { differences } from '../support/fault-trial.js'
import { databaseOn } from '../support/own-cluster.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, Role, SmallCells } from '../support/small-cells.js'
import { smallCell } from '../support/small-schema.js'
import { startTestCluster } from '../support/test-cluster.js'

type Side = 'source' | 'target'

/** The small cells, one of them on servers of its own. */
async function cellsOn(side: Side, server: Pick<Cluster, 'url'>, through: (url: string) => string = (url) => url): Promise<SmallCells> {
  const cell = side === 'source' ? 'a' : 'b'
  const other = cell === 'a' ? 'b' : 'a'
  return smallCells({
    config: { lease: '10m' },
    through: (role, url) => (role === side ? through(url) : url),
    databases: (role: Role) => (role === side ? databaseOn(server, cell, smallCell(cell)) : freshDatabase(role === 'control' || role === 'routing' ? { cluster: 'a' } : { cluster: other, template: { name: `small_${other}`, source: { sql: smallCell(other) } } })),
  })
}

async function moveUntil(cells: SmallCells, phase: Phase | null): Promise<string> {
  const ended = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', ...(phase === null ? {} : { pauseBefore: phase }) }, io))
  expect([ended.exit, ended.document?.state], ended.message).toEqual([0, phase === null ? 'cut_over' : 'paused'])
  return (await cells.moveId()) ?? ''
}

const resume = (cells: SmallCells, id: string): Promise<Ended> => cells.run((app, io) => app.resume(id, io))
const purge = (cells: SmallCells, id: string): Promise<Ended> => cells.run((app, io) => app.purge(id, {}, io))

/** The move stops and says why, the route stays; abort leaves both cells as they were, and a new move goes through. */
async function expectStopped(cells: SmallCells, id: string, { before, named }: { readonly before: Awaited<ReturnType<SmallCells['look']>>; readonly named: RegExp }): Promise<void> {
  const stopped = await resume(cells, id)
  expect([stopped.exit, stopped.code, stopped.message], stopped.message).toEqual([3, 'OM4003', expect.stringMatching(named)])
  expect(await cells.route()).toBe('cell-a')
  const aborted = await cells.run((app, io) => app.abort(id, io))
  expect([aborted.exit, aborted.document?.state], aborted.message).toEqual([0, 'aborted'])
  expect(differences(await cells.look(), before)).toEqual([])
  await moveUntil(cells, null)
}

// a copy of a server's files is needed, which those in a container do not give
describe.skipIf(process.env['ORG_MOVER_TEST_PG'] === 'docker')('a cell that fails over in the middle of a move', () => {
  const pairOf = async (side: Side): Promise<{ readonly pair: FailoverPair; readonly cells: SmallCells } & AsyncDisposable> => {
    const pair = await failoverPair()
    const cells = await cellsOn(side, pair.serving, (url) => pair.proxy.through(url))
    return {
      pair,
      cells,
      async [Symbol.asyncDispose]() {
        await cells[Symbol.asyncDispose]()
        await pair[Symbol.asyncDispose]()
      },
    }
  }

  for (const side of ['source', 'target'] as const) {
    for (const phase of ['verify', 'cutover'] as const) {
      test(`P1, P5: the ${side}, before ${phase}, with all that it had: the move stops by its timeline, and can be taken back`, async () => {
        await using set = await pairOf(side)
        const before = await set.cells.look()
        const id = await moveUntil(set.cells, phase)
        await set.pair.failOver()
        await expectStopped(set.cells, id, { before, named: new RegExp(`before (verification|cutover): ${side}/main has failed over \\(timeline 2, was 1\\)`) })
      })
    }

    test(`P1, P3, P5: the ${side}, which lost the freeze and all that came after it: the move stops before the cutover, and can be taken back`, async () => {
      await using set = await pairOf(side)
      const before = await set.cells.look()
      await moveUntil(set.cells, 'freeze')
      await set.pair.cutOff()
      const id = (await set.cells.moveId()) ?? ''
      await set.cells.databases.control.query(`UPDATE org_mover.move SET pause_before = 'cutover' WHERE id = $1`, [id])
      expect((await resume(set.cells, id)).document?.state).toBe('paused')
      await set.pair.failOver()
      await expectStopped(set.cells, id, { before, named: new RegExp(`${side}/main has failed over`) })
    })
  }

  describe('P9: the target, after the cutover', () => {
    test('with all that it had: the source is purged', async () => {
      await using set = await pairOf('target')
      const id = await moveUntil(set.cells, null)
      await set.pair.failOver()
      const moved = await set.cells.look()
      const purged = await purge(set.cells, id)
      expect([purged.exit, purged.document?.state], purged.message).toEqual([0, 'completed'])
      expect((await set.cells.look()).b).toEqual(moved.b)
    })

    for (const [lost, phase, named] of [
      ['the whole move', 'freeze', /holds no row of the organization/],
      ['the end of the move', 'cutover', /the guard of the move is back/],
    ] as const) {
      test(`which lost ${lost}: nothing is purged from the source, which may have the only rows`, async () => {
        await using set = await pairOf('target')
        const id = await moveUntil(set.cells, phase)
        await set.pair.cutOff()
        const moved = await resume(set.cells, id)
        expect([moved.exit, moved.document?.state], moved.message).toEqual([0, 'cut_over'])
        await set.pair.failOver()
        const before = await set.cells.look()
        const refused = await purge(set.cells, id)
        expect([refused.exit, refused.code, refused.message]).toEqual([3, 'OM6007', expect.stringMatching(/cell-b\/main has failed over \(timeline 2, was 1\) since the cutover/)])
        expect(refused.message).toMatch(named)
        expect(differences(await set.cells.look(), before)).toEqual([])
      })
    }
  })

  for (const side of ['source', 'target'] as const) {
    test(`P1: the disk of the ${side} is set back to an earlier snapshot, same server and timeline: the move stops by the place in its log`, async () => {
      await using cluster = await startTestCluster()
      await using cells = await cellsOn(side, cluster)
      const before = await cells.look()
      const putBack = await snapshotOf(cluster)
      const id = await moveUntil(cells, 'cutover')
      await putBack()
      await expectStopped(cells, id, { before, named: new RegExp(`${side}/main was set back \\(its log is at`) })
    })
  }
})
