import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MovePhase } from '../../src/domain/vocabulary.js'
import type { Progress } from '../../src/observability/progress.js'
import { AsyncDisposableStack } from '../../src/postgres/disposable-stack.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { differences, nameless } from '../support/fault-trial.js'
import type { Expected } from '../support/fault-trial.js'
import { databaseOn } from '../support/own-cluster.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, SmallCells } from '../support/small-cells.js'
import { smallDisk } from '../support/small-disk.js'
import type { SmallDisk } from '../support/small-disk.js'
import { smallCell } from '../support/small-schema.js'
import { startTestCluster } from '../support/test-cluster.js'

const ROLES = ['source', 'target', 'control'] as const
type Role = (typeof ROLES)[number]
/** An empty database takes eight. */
const MEGABYTES = 28
/** Rows that need a few megabytes of their own: what is free within pages that are there already does not take them. */
const BULK = `; INSERT INTO issues SELECT 1000000 + n, 101, repeat(md5(n::text), 40) FROM generate_series(1, 3000) AS n`

const stack = new AsyncDisposableStack()
const disks = new Map<Role, SmallDisk>()
const clusters = new Map<Role, Cluster>()
const reasons = await disksOfAll()
if (reasons.length > 0) {
  process.stderr.write(`full disk: skipped: ${reasons[0]}\n`)
  await stack[Symbol.asyncDispose]()
}

/** A server for each role with a disk of its own; yields why not, where that cannot be. */
async function disksOfAll(): Promise<readonly string[]> {
  const found: string[] = []
  for (const role of ROLES) {
    const cluster = await startTestCluster()
    const disk = await smallDisk(cluster, MEGABYTES)
    // last in, first out: a disk in use cannot be unmounted
    if (typeof disk === 'string') found.push(disk)
    else disks.set(role, stack.use(disk))
    clusters.set(role, stack.use(cluster))
    if (typeof disk === 'string') break
    await using any = await databaseOn(cluster, 'a')
    await any.query(`CREATE TABLESPACE small LOCATION '${disk.tablespace}'`)
  }
  return found
}

describe.skipIf(reasons.length > 0)('a disk that runs full (P5)', () => {
  let before: Expected['before']
  let moved: Expected['before']
  const tally = new Map<string, number>()

  beforeAll(async () => {
    await using cells = await ownCells()
    before = await cells.look()
    expect((await move(cells)).exit).toBe(0)
    moved = nameless(await cells.look(), await cells.moveId())
  })
  afterAll(async () => {
    process.stderr.write(`full disk: ${[...tally].map(([what, count]) => `${count} × ${what}`).join(', ')}\n`)
    await stack[Symbol.asyncDispose]()
  })

  const on = <T>(map: ReadonlyMap<Role, T>, role: Role): T => {
    const found = map.get(role)
    if (found === undefined) throw new Error(`nothing for ${role}`)
    return found
  }
  const ownCells = (): Promise<SmallCells> =>
    smallCells({
      config: { lease: '10m', copy: { jobs: 2, chunk_rows: 500 } },
      databases: async (role) => {
        const name = role === 'routing' ? 'control' : role
        const setUp = name === 'source' ? smallCell('a') + BULK : name === 'target' ? smallCell('b') : ''
        return databaseOn(on(clusters, name), name === 'target' ? 'b' : 'a', setUp, 'small')
      },
    })
  const move = (cells: SmallCells, progress?: Progress): Promise<Ended> => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io), progress === undefined ? {} : { progress })

  /** Moves; the disk is filled as that phase begins. */
  async function moveWithFullDisk(cells: SmallCells, role: Role, phase: MovePhase): Promise<Ended> {
    let isFull = false
    const ended = await move(cells, (event) => {
      if (event.kind !== 'phase' || event.phase !== phase || event.state !== 'started') return
      on(disks, role).fill()
      isFull = true
    })
    expect(isFull, ended.message).toBe(true)
    const what = `the ${role}'s in ${phase}: exit ${ended.exit} ${ended.code ?? ''}`
    tally.set(what, (tally.get(what) ?? 0) + 1)
    return ended
  }

  /** With room again the remedy must end as if nothing had been. */
  async function remedy(cells: SmallCells, which: 'resume' | 'abort'): Promise<void> {
    await Promise.all([...disks.values()].map((disk) => disk.makeRoom()))
    await cells.endLease()
    const id = (await cells.moveId()) ?? ''
    const second = await cells.run((app, io) => (which === 'resume' ? app.resume(id, io) : app.abort(id, io)))
    expect([second.exit, second.document?.state], `${second.code} ${second.message}`).toEqual([0, which === 'resume' ? 'cut_over' : 'aborted'])
    if (which === 'resume') expect(second.document?.verification.verdict).toBe('equal')
    expect(which === 'resume' ? differences(nameless(await cells.look(), id), moved) : differences(await cells.look(), before)).toEqual([])
    expect(await cells.route()).toBe(which === 'resume' ? 'cell-b' : 'cell-a')
  }

  for (const which of ['resume', 'abort'] as const) {
    test(`the target's during the copy: the move stops and says so, the fence stands; then ${which}`, async () => {
      await using cells = await ownCells()
      const ended = await moveWithFullDisk(cells, 'target', 'copy')
      expect([ended.exit, ended.code]).toEqual([5, 'OM3009'])
      expect([ended.document?.state, ended.document?.phase, ended.document?.error?.retry]).toEqual(['failed', 'copy', 'safe'])
      expect(`${ended.message} ${ended.hint}`).toMatch(/cell-b\/main: a server has no room left.*53100.*free disk/s)
      const write = `INSERT INTO issues VALUES (99999, 101, 'late')`
      await expect(cells.databases.source.query(write)).rejects.toMatchObject({ code: 'OM001' })
      await remedy(cells, which)
      if (which === 'abort') await cells.databases.source.query(write)
    })
  }

  for (const role of ROLES) {
    for (const phase of ['freeze', 'copy', 'verify', 'cutover'] as const) {
      test(`the ${role}'s as ${phase} begins`, async () => {
        await using cells = await ownCells()
        const ended = await moveWithFullDisk(cells, role, phase)
        // 0: what is written then may have found room within pages
        expect([0, 5, 6], `${ended.code} ${ended.message}`).toContain(ended.exit)
        // after the flip what is left to do needs room too, and only `resume` does it
        const mayAbort = (phase === 'freeze' || phase === 'verify') && (await cells.route()) === 'cell-a'
        await remedy(cells, mayAbort ? 'abort' : 'resume')
      })
    }
  }
})
