import { describe, expect, test } from 'vitest'
import type { MoveDocument } from '../../src/domain/documents.js'
import { createApp } from '../../src/move/app.js'
import { createLogger } from '../../src/observability/logger.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { fencedCells, mainOf, tried } from '../support/fenced-cells.js'
import { until } from '../support/until.js'

const HOUR_MS = 3_600_000
/** Small chunks, one at a time; locks of the test are waited for. */
const STEPWISE = { copy: { jobs: 1, chunk_rows: 1 }, lock_timeout: '30s' }

describe('a limit of the window', () => {
  test('above which the estimate lies ends the move in prepare, with nothing changed', async () => {
    await using cells = await fencedCells()
    const refused = await cells.app.move({ org: '1', to: 'cell-b', maxWindowMs: 1_000 }, cells.io)
    expect(refused).toMatchObject({ state: 'aborted', phase: 'prepare', frozenSeconds: null, error: { code: 'OM2008', message: expect.stringContaining('1.0s') } })
    expect(refused.window).toMatchObject({ maxSeconds: 1, estimateSeconds: expect.any(Number), frozenSeconds: null })
    expect(await leftovers(cells)).toEqual([])
    const moved = await cells.app.move({ org: '1', to: 'cell-b', maxWindowMs: HOUR_MS }, cells.io)
    expect(moved).toMatchObject({ state: 'cut_over', error: null })
  })

  test('that was passed before the cutover makes the move take itself back', async () => {
    await using cells = await fencedCells()
    const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover', maxWindowMs: HOUR_MS }, cells.io)
    await aged(cells, '2 hours')
    const asked: string[] = []
    const back = await cells.app.resume(rested.moveId ?? '', { ...cells.io, confirm: async (lines) => asked.push(...lines) > 0 })
    expect(asked).toContainEqual('next is the cutover: the route flips to cell-b, the point of no return')
    expect(asked.join()).toContain('is spent')
    expect(back).toMatchObject({ state: 'aborted', error: { code: 'OM3019', message: expect.stringContaining('1h 00m') } })
    expect(await leftovers(cells)).toEqual([])
    expect(await tried(mainOf(cells, 'a'), 'UPDATE projects SET title = title WHERE id = 10')).toBeNull()
    expect(await cells.app.routeGet('1')).toMatchObject({ cell: 'cell-a' })
  })

  test('is asked for once more right before the flip', async () => {
    await using cells = await fencedCells()
    const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover', maxWindowMs: HOUR_MS }, cells.io)
    // the last thing that is done before the gate: the clock of the run itself is off by then
    await cells.control.query(`
      CREATE FUNCTION age() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.frozen_at := NEW.frozen_at - interval '2 hours'; RETURN NEW; END $$;
      CREATE TRIGGER age BEFORE UPDATE ON org_mover.move FOR EACH ROW WHEN (NOT OLD.manifest ? 'serversAtCutover' AND NEW.manifest ? 'serversAtCutover') EXECUTE FUNCTION age()`)
    const back = await cells.app.resume(rested.moveId ?? '', cells.io)
    expect(back).toMatchObject({ state: 'aborted', error: { code: 'OM3019' } })
    expect(await cells.app.routeGet('1')).toMatchObject({ cell: 'cell-a' })
  })

  test('can be made longer by whoever resumes', async () => {
    await using cells = await fencedCells()
    const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'verify', maxWindowMs: HOUR_MS }, cells.io)
    await aged(cells, '2 hours')
    const moved = await cells.app.resume(rested.moveId ?? '', cells.io, { maxWindowMs: 3 * HOUR_MS })
    expect(moved).toMatchObject({ state: 'cut_over', error: null, window: { maxSeconds: 3 * 3600 } })
  })

  test('ends a wait that would outlast it', async () => {
    await using cells = await fencedCells({ drain_timeout: '10m' })
    const older = await mainOf(cells, 'a').connect()
    try {
      await older.query('BEGIN')
      await older.query('SELECT pg_current_xact_id()')
      const back = await cells.app.move({ org: '1', to: 'cell-b', maxWindowMs: 4_000 }, cells.io)
      expect(back).toMatchObject({ state: 'aborted', error: { code: 'OM3019' } })
    } finally {
      await older.end()
    }
    const events = await cells.control.query<{ reason: string }>(`SELECT detail -> 'waits' -> 0 ->> 'reason' AS reason FROM org_mover.event WHERE kind = 'waited'`)
    expect(events.map(({ reason }) => reason)).toEqual([expect.stringContaining('older than the freeze')])
  })
})

describe('a pause', () => {
  test('comes at the next chunk, asked for from elsewhere; resume goes on', async () => {
    await using cells = await fencedCells(STEPWISE)
    const { moveId } = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
    await using blocked = await copyHeldUp(cells, moveId ?? '')
    await using elsewhere = appOf(cells)
    const asked = await elsewhere.pause(moveId ?? '', cells.io)
    expect(asked).toMatchObject({ state: 'running', pauseRequested: { by: expect.stringContaining('@') }, next: expect.stringContaining('status') })
    await blocked.release()
    expect(await blocked.driving).toMatchObject({ state: 'paused', phase: 'copy', error: null, lease: null, pauseRequested: null })
    expect(await loadedChunks(cells)).toMatchObject({ loaded: 1 })
    const { report } = await elsewhere.report(moveId ?? '')
    expect(report?.events.find(({ kind }) => kind === 'paused')?.detail, 'the record says who asked').toMatchObject({ askedBy: expect.stringContaining('@') })
    expect(await elsewhere.pause(moveId ?? '', cells.io)).toMatchObject({ state: 'paused', error: null })
    expect(await cells.app.resume(moveId ?? '', cells.io)).toMatchObject({ state: 'cut_over', error: null })
    await expect(elsewhere.pause(moveId ?? '', cells.io)).rejects.toMatchObject({ code: 'OM2006' })
  })

  test('comes at the next phase', async () => {
    await using cells = await fencedCells()
    const older = await mainOf(cells, 'a').connect()
    await older.query('BEGIN')
    await older.query('SELECT pg_current_xact_id()')
    const driving = cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    await using elsewhere = appOf(cells)
    const moveId = await until('the freeze waits', async () => (await cells.control.query<{ id: string }>('SELECT id::text AS id FROM org_mover.move WHERE frozen_at IS NOT NULL'))[0]?.id)
    await elsewhere.pause(moveId, cells.io)
    await older.end()
    expect(await driving).toMatchObject({ state: 'paused', phase: 'copy', error: null, fence: { source: 'rejects', target: 'rejects' } })
    expect(await loadedChunks(cells)).toMatchObject({ loaded: 0 })
  })
})

describe('a driver that is alive', () => {
  test('is taken from only by --take-over, which asks twice; it writes nothing more', async () => {
    await using cells = await fencedCells(STEPWISE)
    const { moveId = null } = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
    await using blocked = await copyHeldUp(cells, moveId ?? '')
    await using elsewhere = appOf(cells)
    const refused = await elsewhere.resume(moveId ?? '', cells.io).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'OM3004', hint: expect.stringContaining('--take-over') })

    const asked: (readonly string[])[] = []
    const declined = await elsewhere.resume(moveId ?? '', { ...cells.io, confirm: async (lines) => asked.push(lines) < 2 }, { takeOver: true }).catch((error: unknown) => error)
    expect(declined).toMatchObject({ code: 'OM1008' })
    expect(asked).toHaveLength(2)
    expect(asked[1]?.[0]).toMatch(/@.* pid \d+ drives this move/)
    expect(await elsewhere.status(moveId ?? '')).toMatchObject({ state: 'running', lease: { holder: expect.stringContaining('pid') } })

    const taken = elsewhere.resume(moveId ?? '', cells.io, { takeOver: true })
    expect(await blocked.driving).toMatchObject({ error: { code: 'OM3005' } })
    await blocked.release()
    expect(await taken).toMatchObject({ state: 'cut_over', error: null, verification: { verdict: 'equal' } })
    const drivers = await cells.control.query<{ take: boolean }>(`SELECT coalesce((detail ->> 'takeOver')::boolean, false) AS take FROM org_mover.event WHERE kind = 'started' ORDER BY seq`)
    expect(drivers.map(({ take }) => take)).toEqual([false, false, true])
  })
})

describe('a move that came to rest while its operator was asked', () => {
  test('stays at rest: whoever agreed to take over a copy did not agree to what comes after the pause', async () => {
    await using cells = await fencedCells(STEPWISE)
    const { moveId = null } = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
    await using blocked = await copyHeldUp(cells, moveId ?? '')
    await using elsewhere = appOf(cells)
    const asked: (readonly string[])[] = []
    const confirm = async (lines: readonly string[]): Promise<boolean> => {
      if (asked.push(lines) < 2) return true
      await elsewhere.pause(moveId ?? '', cells.io)
      await blocked.release()
      expect(await blocked.driving).toMatchObject({ state: 'paused' })
      return true
    }
    await expect(elsewhere.resume(moveId ?? '', { ...cells.io, confirm }, { takeOver: true })).rejects.toMatchObject({ code: 'OM2006', message: expect.stringContaining('was running when this command was given'), hint: expect.stringContaining('nothing was changed') })
    expect(await elsewhere.status(moveId ?? '')).toMatchObject({ state: 'paused', lease: null })
    expect(await cells.app.routeGet('1')).toMatchObject({ cell: 'cell-a' })
    expect(await cells.app.resume(moveId ?? '', cells.io)).toMatchObject({ state: 'cut_over', error: null })
  })

  test('is told who drives it before the question, where --take-over is not given', async () => {
    await using cells = await fencedCells(STEPWISE)
    const { moveId = null } = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
    await using blocked = await copyHeldUp(cells, moveId ?? '')
    await using elsewhere = appOf(cells)
    const asked: string[] = []
    await expect(elsewhere.resume(moveId ?? '', { ...cells.io, confirm: async (lines) => asked.push(...lines) < 0 })).rejects.toMatchObject({ code: 'OM1008' })
    expect(asked).toContainEqual('the route flips to cell-b when verification has passed: the point of no return')
    expect(asked.join('\n')).toMatch(/@.* pid \d+ drives it and was heard of .*--take-over/)
    await blocked.release()
    expect(await blocked.driving).toMatchObject({ state: 'cut_over', error: null })
  })
})

interface HeldUp extends AsyncDisposable {
  readonly driving: Promise<MoveDocument>
  release(): Promise<void>
}

/** A resumed move whose first chunk waits for a lock on the target. */
async function copyHeldUp(cells: CellsInProcess, moveId: string): Promise<HeldUp> {
  const target = mainOf(cells, 'b')
  const locking = await target.connect()
  await locking.query('BEGIN')
  await locking.query('LOCK TABLE organizations, projects, notes, contracts, badges, events, documents, filled IN SHARE MODE')
  const driving = cells.app.resume(moveId, cells.io)
  await until('a chunk waits for the lock', async () => (await target.query(`SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)).length > 0)
  let isOver = false
  const release = async (): Promise<void> => {
    if (isOver) return
    isOver = true
    await locking.end()
  }
  return { driving, release, [Symbol.asyncDispose]: release }
}

function appOf(cells: CellsInProcess): ReturnType<typeof createApp> {
  return createApp(cells.settings, { logger: createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } }), signal: new AbortController().signal })
}

async function aged(cells: CellsInProcess, by: string): Promise<void> {
  await cells.control.query('UPDATE org_mover.move SET frozen_at = frozen_at - $1::interval WHERE frozen_at IS NOT NULL', [by])
}

async function loadedChunks(cells: CellsInProcess): Promise<{ readonly loaded: number; readonly all: number } | undefined> {
  return (await cells.control.query<{ loaded: number; all: number }>('SELECT count(*) FILTER (WHERE loaded)::int AS loaded, count(*)::int AS all FROM org_mover.chunk'))[0]
}

/** What the mover left on either cell. */
async function leftovers(cells: CellsInProcess): Promise<readonly string[]> {
  const found = await Promise.all((['a', 'b'] as const).map((cell) => mainOf(cells, cell).query<{ name: string }>(`SELECT nspname AS name FROM pg_namespace WHERE nspname = 'org_mover' UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'org_mover%' OR tgname LIKE '%fence%'`)))
  return found.flat().map(({ name }) => name)
}
