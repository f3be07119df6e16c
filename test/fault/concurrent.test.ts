import { describe, expect, test } from 'vitest'
import type { App, MoveIo } from '../../src/cli/app.js'
import { createApp } from '../../src/move/app.js'
import { createLogger } from '../../src/observability/logger.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { fencedCells, mainOf, refusalOf } from '../support/fenced-cells.js'
import { until } from '../support/until.js'

const LOCK_TIMEOUT_MS = 2000

/** One more application, with connections of its own, as on another machine. */
function another(cells: CellsInProcess): App & AsyncDisposable {
  const logger = createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } })
  return createApp(cells.settings, { logger, signal: new AbortController().signal })
}

async function moved(cells: CellsInProcess, org: string, to: string): Promise<string> {
  await using app = another(cells)
  const { error, state, verification, moveId } = await app.move({ org, to }, cells.io)
  expect([org, error, state, verification.verdict]).toEqual([org, null, 'cut_over', 'equal'])
  return moveId ?? ''
}

async function purged(cells: CellsInProcess, moveId: string): Promise<void> {
  await using app = another(cells)
  const { error, state } = await app.purge(moveId, {}, cells.io)
  expect([error, state]).toEqual([null, 'completed'])
}

interface Writing {
  readonly acknowledged: () => number
  /** The ids of what was acknowledged. */
  readonly stop: () => Promise<{ readonly acknowledged: readonly number[]; readonly rejected: readonly string[]; readonly slowestMs: number }>
}

/** Writes of one organization to every kind of table, one transaction after the other. */
async function startWriting(cells: CellsInProcess, cell: 'a' | 'b', org: number): Promise<Writing> {
  const client = await mainOf(cells, cell).connect()
  const stopping = new AbortController()
  const acknowledged: number[] = []
  let slowestMs = 0
  const rejected: string[] = []
  const run = async (): Promise<void> => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const id = 1_000_000 * org + n
      const begun = performance.now()
      try {
        await client.query(`BEGIN; INSERT INTO projects VALUES (${id}, ${org}, 'w'); INSERT INTO notes VALUES (${id}, ${id}, 'w'); INSERT INTO events VALUES (${id}, '2024-03-03', ${org}, 'w');
          UPDATE events SET at = '2025-03-03' WHERE id = ${id}; UPDATE notes SET body = 'x' WHERE id = ${id}; COMMIT`)
        acknowledged.push(id)
      } catch (error) {
        const { code } = refusalOf(error)
        if (!rejected.includes(code)) rejected.push(code)
        await client.query('ROLLBACK')
      }
      slowestMs = Math.max(slowestMs, performance.now() - begun)
    }
  }
  const running = run()
  return {
    acknowledged: () => acknowledged.length,
    stop: async () => {
      stopping.abort()
      await running
      return { acknowledged, rejected, slowestMs }
    },
  }
}

interface Owned {
  readonly projects: readonly number[]
  readonly notes: readonly number[]
  readonly events: readonly number[]
}

/** The ids of an organization's rows. */
async function owned(cells: CellsInProcess, cell: 'a' | 'b', org: number): Promise<Owned | undefined> {
  const ids = (table: string, where: string): string => `(SELECT coalesce(array_agg(id::int ORDER BY id), '{}') FROM ${table} WHERE ${where})`
  const of = `SELECT id FROM projects WHERE organization_id = ${org}`
  const [row] = await mainOf(cells, cell).query<Owned & Record<string, unknown>>(`SELECT ${ids('projects', `organization_id = ${org}`)} AS projects, ${ids('notes', `project_id IN (${of})`)} AS notes, ${ids('events', `organization_id = ${org}`)} AS events`)
  return row
}

/** What an organization begins with, and what was acknowledged since. */
function startedWith(org: number, ids: readonly number[] = []): Owned {
  return { projects: [10 * org, ...ids], notes: [10 * org, 10 * org + 1, ...ids], events: [10 * org, 10 * org + 1, ...ids] }
}

async function expectNothingLeft(cells: CellsInProcess): Promise<void> {
  for (const cell of ['a', 'b'] as const) {
    expect(await mainOf(cells, cell).query(`SELECT nspname FROM pg_namespace WHERE nspname = 'org_mover' UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'org_mover%'`)).toEqual([])
  }
}

test('two organizations that cross each other between two cells, written to meanwhile: both arrive whole, and nobody else notices (P1, P2, P6)', async () => {
  await using cells = await fencedCells({ lock_timeout: `${LOCK_TIMEOUT_MS}ms`, copy: { jobs: 2, chunk_rows: 200 }, drain_timeout: '30s' })
  await cells.control.query(`INSERT INTO org_mover.route VALUES ('4', 'cell-b', 1)`)
  const leaving = [await startWriting(cells, 'a', 1), await startWriting(cells, 'b', 4)]
  const staying = [await startWriting(cells, 'a', 2), await startWriting(cells, 'b', 5)]
  await until('a thousand writes of each', async () => leaving.every((writing) => writing.acknowledged() > 1000), { deadlineMs: 60_000 })
  const moves = await Promise.all([moved(cells, '1', 'cell-b'), moved(cells, '4', 'cell-a')])
  const [one, four] = await Promise.all(leaving.map((writing) => writing.stop()))
  for (const writing of [one, four]) expect(writing?.rejected).toEqual(['OM001'])
  // each by its id: it was acknowledged and is there, or it was rejected and is not
  expect(await owned(cells, 'b', 1)).toEqual(startedWith(1, one?.acknowledged))
  expect(await owned(cells, 'a', 4)).toEqual(startedWith(4, four?.acknowledged))
  await Promise.all(moves.map((id) => purged(cells, id)))
  const others = await Promise.all(staying.map((writing) => writing.stop()))
  process.stderr.write(`transactions of the organizations that cross: ${one?.acknowledged.length} and ${four?.acknowledged.length} acknowledged, all arrived\n`)
  process.stderr.write(`neighbours of two crossing moves: ${others.map((other) => `${other.acknowledged.length} transactions, the slowest ${other.slowestMs.toFixed(0)} ms`).join('; ')}\n`)
  for (const other of others) {
    expect(other.rejected).toEqual([])
    expect(other.acknowledged.length).toBeGreaterThan(20)
    expect(other.slowestMs).toBeLessThan(2 * LOCK_TIMEOUT_MS)
  }
  for (const [cell, org] of [['a', 1], ['b', 4]] as const) expect(await owned(cells, cell, org)).toEqual({ projects: [], notes: [], events: [] })
  await expectNothingLeft(cells)
})

test('four organizations that leave one cell at once: all arrive, no deadlock lasts, and the mover\'s schema goes with the last of them', async () => {
  await using cells = await fencedCells({ lock_timeout: `${LOCK_TIMEOUT_MS}ms`, drain_timeout: '30s' })
  const orgs = ['1', '2', '3', '6']
  const staying = await startWriting(cells, 'a', 7)
  const moves = await Promise.all(orgs.map((org) => moved(cells, org, 'cell-b')))
  for (const org of orgs) expect(await owned(cells, 'b', Number(org))).toEqual(startedWith(Number(org)))
  await Promise.all(moves.map((id) => purged(cells, id)))
  const other = await staying.stop()
  process.stderr.write(`neighbour of four moves at once: ${other.acknowledged.length} transactions, the slowest ${other.slowestMs.toFixed(0)} ms\n`)
  expect([other.rejected, other.acknowledged.length > 20]).toEqual([[], true])
  expect(other.slowestMs).toBeLessThan(2 * LOCK_TIMEOUT_MS)
  await expectNothingLeft(cells)
})

/** Each transaction holds one part of a partitioned table when the mover comes, and wants another part then. */
const ORDERS = [
  ['a partition, by way of its parent', `INSERT INTO events VALUES (7777, '2024-03-03', 7, 'w')`, `UPDATE events SET at = '2025-03-03' WHERE id = 7777`],
  ['a partition alone', `INSERT INTO events_2 VALUES (7777, '2025-03-03', 7, 'w')`, `UPDATE events SET at = '2024-03-03' WHERE id = 7777`],
] as const

describe('a neighbour in the middle of a partitioned table is never the victim of a deadlock with the mover (P2)', () => {
  test.each(ORDERS)('that holds %s', async (_, first, second) => {
    await using cells = await fencedCells({ lock_timeout: `${LOCK_TIMEOUT_MS}ms`, drain_timeout: '30s' })
    const source = mainOf(cells, 'a')
    const neighbour = await source.connect()
    // the neighbour would be the one to find a deadlock
    await neighbour.query(`SET deadlock_timeout = '10ms'`)
    /** The neighbour's transaction comes to its second statement once the mover stands at the table. */
    const inTheWay = async <T>(work: (io: MoveIo) => Promise<T>): Promise<T> => {
      await neighbour.query(`BEGIN; ${first}`)
      let isRefused = false
      const running = work({ ...cells.io, progress: (event) => (isRefused ||= event.kind === 'waiting' && (event.reason ?? '').startsWith('lock on table public.events not granted')) })
      await until('the mover stands at the table', async () => isRefused || (await source.query(`SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)).length > 0)
      await neighbour.query(`${second}; DELETE FROM events WHERE id = 7777; COMMIT`)
      return running
    }
    const moved = await inTheWay((io) => cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, io))
    expect([moved.error, moved.state]).toEqual([null, 'paused'])
    const aborted = await inTheWay((io) => cells.app.abort(moved.moveId ?? '', io))
    expect([aborted.error, aborted.state]).toEqual([null, 'aborted'])
    await expectNothingLeft(cells)
  })
})

test('a cell has no more moves at once than it may, whichever machine begins them', async () => {
  await using cells = await fencedCells({}, { max_moves: 2 })
  const orgs = ['1', '2', '3', '6', '7']
  const begun = await Promise.all(
    orgs.map(async (org) => {
      await using app = another(cells)
      return app.move({ org, to: 'cell-b', pauseBefore: 'freeze' }, cells.io).then(({ moveId, state }) => ({ org, moveId, state, refused: null }), (error: unknown) => ({ org, moveId: null, state: null, refused: error }))
    }),
  )
  const paused = begun.filter(({ refused }) => refused === null)
  expect(paused.map(({ state }) => state)).toEqual(['paused', 'paused'])
  for (const { refused } of begun.filter((one) => one.refused !== null)) {
    expect(refused).toMatchObject({ code: 'OM3013', retry: 'safe', message: expect.stringMatching(/^2 move\(s\) from or to cell-[ab] are under way, and max_moves allows 2: .* of organization /) })
  }
  expect(await cells.control.query('SELECT FROM org_mover.move')).toHaveLength(2)
  // what has cut over burdens the cell no more, nor what was aborted
  const [first, second] = paused
  expect((await cells.app.abort(first?.moveId ?? '', cells.io)).state).toBe('aborted')
  expect((await cells.app.resume(second?.moveId ?? '', cells.io)).state).toBe('cut_over')
  const rest = orgs.filter((org) => !paused.some((one) => one.org === org))
  for (const org of rest.slice(0, 2)) expect((await cells.app.move({ org, to: 'cell-b', pauseBefore: 'freeze' }, cells.io)).state).toBe('paused')
  await expect(cells.app.move({ org: rest[2] ?? '', to: 'cell-b' }, cells.io)).rejects.toMatchObject({ code: 'OM3013' })
})
