import { describe, expect, test } from 'vitest'
import { listCreatedObjects, markRemoved, recordCreatedObjects } from '../../src/move/created-objects.js'
import { assertControlSchema, installControlSchema } from '../../src/move/control-schema.js'
import { createMove, findRetainingMove, listMoves, loadMove, updateMove } from '../../src/move/journal.js'
import { listChunks, markChunks, putChunks } from '../../src/move/journal-chunks.js'
import { appendEvent, appendHeldEvent, listEvents } from '../../src/move/journal-events.js'
import type { Holder } from '../../src/move/journal-guard.js'
import { beginParticipant, endParticipant, listParticipants } from '../../src/move/journal-participants.js'
import { endPhase, listPhaseRuns, startPhase } from '../../src/move/journal-phases.js'
import { listTables, putTables, setTableState } from '../../src/move/journal-tables.js'
import { acquireLease } from '../../src/move/lease.js'
import { Session } from '../../src/postgres/session.js'
import type { MoveState } from '../../src/domain/vocabulary.js'
import { freshControl } from '../support/control.js'
import { freshDatabase } from '../support/database.js'

const MOVE = { org: '42', source: 'cell-a', target: 'cell-b', pauseBefore: null, createdBy: 'sre@host' } as const
const TABLES = [
  { tableNo: 1, database: 'main', schema: 'public', name: 'notes', class: 'sharded', rowsPlanned: 30 },
  { tableNo: 2, database: 'ci', schema: 'public', name: 'builds', class: 'sharded', rowsPlanned: null },
]
const OBJECT = { cell: 'cell-a', database: 'main', kind: 'trigger', name: 'fence on public.notes' }

async function heldMove(session: Session, org = MOVE.org): Promise<Holder> {
  const { id } = await createMove(session, { ...MOVE, org })
  return { moveId: id, ...(await acquireLease(session, id, 'one', 60_000)) }
}

async function end(session: Session, holder: Holder, state: MoveState): Promise<void> {
  await updateMove(session, holder, { state })
}

describe('control schema', () => {
  test('is installed once, by two at once, and says so', async () => {
    await using database = await freshDatabase({ cluster: 'a' })
    const options = { url: database.url, role: 'admin', label: 'control', applicationName: 'org-mover', lockTimeoutMs: 5_000 } as const
    await using one = await Session.open(options)
    await using two = await Session.open(options)
    await expect(assertControlSchema(one)).rejects.toMatchObject({ code: 'OM2013' })
    const done = await Promise.all([installControlSchema(one), installControlSchema(two)])
    expect(done.map((list) => list.length).sort()).toEqual([0, 6])
    await assertControlSchema(one)
    expect(await installControlSchema(one)).toEqual([])
  })

  test('of a newer program is left alone', async () => {
    await using control = await freshControl()
    await control.database.query(`INSERT INTO org_mover.schema_version (version, name) VALUES (999, '999-future')`)
    await expect(assertControlSchema(control.session)).rejects.toMatchObject({ code: 'OM2013' })
    await expect(installControlSchema(control.session)).rejects.toMatchObject({ code: 'OM2013' })
  })
})

describe('one move of an organization (P6)', () => {
  test('a second one is refused until the first has ended', async () => {
    await using control = await freshControl()
    const { session } = control
    const first = await heldMove(session)
    await expect(createMove(session, { ...MOVE, target: 'cell-c' })).rejects.toMatchObject({ code: 'OM2003', message: expect.stringContaining(first.moveId) })
    await createMove(session, { ...MOVE, org: '43' })
    await end(session, first, 'aborted')
    await createMove(session, MOVE)
    expect((await listMoves(session, { org: '42' })).map((move) => move.state).sort()).toEqual(['aborted', 'created'])
  })

  test('of two begun at once exactly one is', async () => {
    await using control = await freshControl()
    const sessions = await Promise.all(Array.from({ length: 4 }, () => control.connect()))
    const begun = await Promise.allSettled(sessions.map((session) => createMove(session, MOVE)))
    expect(begun.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    for (const result of begun) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OM2003' })
  })

  test('a move back to a cell that retains the organization is refused until the purge', async () => {
    await using control = await freshControl()
    const { session } = control
    const there = await heldMove(session)
    const back = { ...MOVE, source: 'cell-b', target: 'cell-a' }
    await end(session, there, 'cut_over')
    expect(await findRetainingMove(session, '42', 'cell-a')).toEqual({ id: there.moveId, state: 'cut_over' })
    expect(await findRetainingMove(session, '42', 'cell-b')).toBeNull()
    await expect(createMove(session, back)).rejects.toMatchObject({ code: 'OM2005' })
    await end(session, there, 'completed')
    await createMove(session, back)
  })
})

const TABLE_2_CHUNK = { tableNo: 2, chunkNo: 1, lower: null, upper: null, rows: null }

describe('a process that lost its lease (P6)', () => {
  test('fails every write to the journal and changes nothing', async () => {
    await using control = await freshControl()
    const { session } = control
    const live = await heldMove(session)
    await putTables(session, live, TABLES)
    await putChunks(session, live, [{ tableNo: 1, chunkNo: 1, lower: null, upper: null, rows: 10 }])
    await startPhase(session, live, 'copy')
    await recordCreatedObjects(session, live, [OBJECT])
    expect(await beginParticipant(session, live, 'files', 'check')).toBe(1)
    await endParticipant(session, live, { participant: 'files', verb: 'check', end: { state: 'done', attempts: 1, facts: { files: 2 }, error: null } })
    const dump = async () => [
      // what only the clock changes
      { ...(await loadMove(session, live.moveId)), leaseSecondsLeft: 0, heardSeconds: 0 },
      await listTables(session, live.moveId),
      await listChunks(session, live.moveId),
      await listCreatedObjects(session, live.moveId),
      await listEvents(session, live.moveId),
      await listParticipants(session, live.moveId),
      await control.database.query('SELECT * FROM org_mover.phase_run'),
    ]
    const before = await dump()
    for (const epoch of [live.epoch - 1n, live.epoch + 1n]) {
      const zombie = { moveId: live.moveId, epoch }
      const writes: (() => Promise<unknown>)[] = [
        () => updateMove(session, zombie, { state: 'failed', manifest: { a: 1 }, frozenAt: 'now', maxWindowMs: 1 }),
        () => putTables(session, zombie, TABLES.map((table) => ({ ...table, name: 'other' }))),
        () => setTableState(session, zombie, [1], 'done'),
        () => putChunks(session, zombie, [{ tableNo: 2, chunkNo: 1, lower: null, upper: null, rows: 1 }]),
        () => markChunks(session, zombie, { tableNo: 1 }, [{ chunkNo: 1, loaded: true }]),
        () => startPhase(session, zombie, 'verify'),
        () => endPhase(session, zombie, 'copy', 'done'),
        () => recordCreatedObjects(session, zombie, [{ ...OBJECT, name: 'more' }]),
        () => markRemoved(session, zombie, [OBJECT]),
        () => beginParticipant(session, zombie, 'files', 'purge'),
        () => endParticipant(session, zombie, { participant: 'files', verb: 'check', end: { state: 'failed', attempts: 1, facts: {}, error: 'late' } }),
        () => appendHeldEvent(session, zombie, { who: 'sre@host', command: 'move', kind: 'copied' }),
      ]
      for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'OM3005' })
    }
    expect(await dump()).toEqual(before)
  })

  test('that is in the middle of a write transaction keeps the successor waiting, not the other way round', async () => {
    await using control = await freshControl()
    const { session } = control
    const { id } = await createMove(session, MOVE)
    const old = { moveId: id, ...(await acquireLease(session, id, 'old', 1)) }
    const successor = await control.connect()
    let taken: Promise<{ epoch: bigint }> | null = null
    await session.transaction('READ COMMITTED', async () => {
      await putTables(session, old, TABLES)
      taken = acquireLease(successor, id, 'new', 60_000)
      await waitForLock(control.database, successor.backendPid)
      await setTableState(session, old, [1], 'running')
    })
    expect(await taken).toEqual({ epoch: old.epoch + 1n })
    await expect(setTableState(session, old, [1], 'done')).rejects.toMatchObject({ code: 'OM3005' })
  })
})

describe('the journal keeps', () => {
  test('what a move is and what changes of it, merging the manifest', async () => {
    await using control = await freshControl()
    const { session } = control
    const holder = await heldMove(session)
    await updateMove(session, holder, { state: 'running', plan: { tables: ['notes'] }, manifest: { keys: { sha: 'x' }, lsn: '0/1' }, routeEpoch: 2n ** 60n, frozenAt: 'now' })
    const first = await loadMove(session, holder.moveId)
    await updateMove(session, holder, { manifest: { lsn: '0/2' }, frozenAt: 'now', retentionMs: 3_600_000, error: { code: 'OM3002', message: 'lost', hint: 'resume', retry: 'safe' } })
    const second = await loadMove(session, holder.moveId.slice(0, 12).toUpperCase())
    expect(second).toMatchObject({ state: 'running', org: '42', plan: { tables: ['notes'] }, manifest: { keys: { sha: 'x' }, lsn: '0/2' }, routeEpoch: 2n ** 60n, epoch: 1n, error: { code: 'OM3002' } })
    expect(second.frozenAt).toEqual(first.frozenAt)
    expect((second.retentionUntil?.getTime() ?? 0) - second.updatedAt.getTime()).toBeCloseTo(3_600_000, -3)
    await updateMove(session, holder, { error: null, pauseBefore: 'cutover', verification: { verdict: 'equal', rows: 3 } })
    expect(await loadMove(session, holder.moveId)).toMatchObject({ error: null, pauseBefore: 'cutover', verification: { verdict: 'equal', rows: 3 }, plan: { tables: ['notes'] } })
    const [head] = await listMoves(session, { states: ['running'] })
    expect(head).not.toHaveProperty('manifest')
    expect(await listMoves(session, { states: ['aborted'] })).toEqual([])
  })

  test('moves apart by unique prefixes of their ids', async () => {
    await using control = await freshControl()
    const { session } = control
    const moves = [await createMove(session, MOVE), await createMove(session, { ...MOVE, org: '43' })]
    expect((await loadMove(session, moves[1]?.id ?? '')).org).toBe('43')
    for (const id of ['0', 'ffff', '', "x'%", '%']) await expect(loadMove(session, id)).rejects.toMatchObject({ code: 'OM1007' })
  })

  test('chunks with their bounds, each counted once however often it is told', async () => {
    await using control = await freshControl()
    const { session } = control
    const holder = await heldMove(session)
    await putTables(session, holder, TABLES)
    const chunks = Array.from({ length: 3 }, (_, n) => ({ tableNo: 1, chunkNo: n, lower: n === 0 ? null : [String(n * 10), 'a"b'], upper: n === 2 ? null : [String(n * 10 + 10), 'a"b'], rows: 10 }))
    await putChunks(session, holder, [...chunks, TABLE_2_CHUNK])
    await putChunks(session, holder, [{ tableNo: 1, chunkNo: 1, lower: null, upper: null, rows: 99 }])
    expect(await listChunks(session, holder.moveId, 1)).toMatchObject(chunks)
    for (let n = 0; n < 2; n += 1) {
      await markChunks(session, holder, { tableNo: 1, state: 'running' }, chunks.map(({ chunkNo }) => ({ chunkNo, loaded: true, rows: 11, bytes: 100, sourceFingerprint: { count: 11 } })))
    }
    await markChunks(session, holder, { tableNo: 1 }, [{ chunkNo: 0, verified: true, targetFingerprint: { count: 11 } }])
    expect(await listTables(session, holder.moveId)).toMatchObject([{ table: 'notes', rowsPlanned: 30, rowsCopied: 33, rowsVerified: 11, rowsPurged: 0, state: 'running' }, { table: 'builds', rowsPlanned: null, rowsCopied: 0, state: 'pending' }])
    // what travelled twice travelled twice
    expect(await loadMove(session, holder.moveId)).toMatchObject({ bytesCopied: 600 })
    expect(await listChunks(session, holder.moveId, 2)).toMatchObject([TABLE_2_CHUNK])
    await setTableState(session, holder, [1, 2], 'done')
    expect((await listTables(session, holder.moveId)).map(({ state }) => state)).toEqual(['done', 'done'])
    await markChunks(session, holder, { tableNo: 1 }, [{ chunkNo: 0, loaded: false, verified: false }])
    await putTables(session, holder, TABLES)
    expect(await listTables(session, holder.moveId)).toMatchObject([{ rowsCopied: 22, rowsVerified: 0 }, {}])
    expect((await listChunks(session, holder.moveId, 1))[0]).toMatchObject({ loaded: false, verified: false, rows: 11, bytes: 100, sourceFingerprint: { count: 11 }, targetFingerprint: { count: 11 }, storedFingerprint: null })
    await expect(markChunks(session, holder, { tableNo: 1 }, [{ chunkNo: 77, loaded: true }])).rejects.toMatchObject({ code: 'OM9001' })
  })

  test('created objects until they are removed', async () => {
    await using control = await freshControl()
    const { session } = control
    const holder = await heldMove(session)
    const objects = [OBJECT, { ...OBJECT, cell: 'cell-b' }, OBJECT]
    await recordCreatedObjects(session, holder, objects)
    await recordCreatedObjects(session, holder, objects)
    expect(await listCreatedObjects(session, holder.moveId)).toHaveLength(2)
    await markRemoved(session, holder, [OBJECT])
    expect(await listCreatedObjects(session, holder.moveId, { cell: 'cell-a', database: 'main' })).toEqual([])
    expect(await listCreatedObjects(session, holder.moveId)).toEqual([{ ...OBJECT, cell: 'cell-b' }])
    await recordCreatedObjects(session, holder, [OBJECT])
    expect(await listCreatedObjects(session, holder.moveId)).toHaveLength(2)
  })

  test('a run for each phase; one that a crash left open ends when its process was last heard of', async () => {
    await using control = await freshControl()
    const { session } = control
    const { id } = await createMove(session, MOVE)
    const first = { moveId: id, ...(await acquireLease(session, id, 'first', 1)) }
    await startPhase(session, first, 'prepare')
    await endPhase(session, first, 'prepare', 'done')
    await startPhase(session, first, 'freeze')
    const { updatedAt } = await loadMove(session, id)
    const second = { moveId: id, ...(await acquireLease(session, id, 'second', 60_000)) }
    await startPhase(session, second, 'freeze')
    const runs = await listPhaseRuns(session, id)
    expect(runs.map((run) => [run.phase, run.outcome])).toEqual([['prepare', 'done'], ['freeze', 'interrupted'], ['freeze', null]])
    expect(Math.abs((runs[1]?.endedAt?.getTime() ?? 0) - updatedAt.getTime())).toBeLessThanOrEqual(5)
    expect((await loadMove(session, id)).phase).toBe('freeze')
  })

  test('events, which nobody can change', async () => {
    await using control = await freshControl()
    const { session, database } = control
    const holder = await heldMove(session)
    await appendHeldEvent(session, holder, { who: 'sre@host', command: 'move', kind: 'frozen', detail: { tables: 3 } })
    await appendEvent(session, null, { who: 'sre@host', command: 'route set', kind: 'refused' })
    for (const change of [`UPDATE org_mover.event SET who = 'x'`, 'DELETE FROM org_mover.event', 'TRUNCATE org_mover.event']) {
      await expect(database.query(change)).rejects.toThrow('append-only')
    }
    expect(await listEvents(session, holder.moveId)).toMatchObject([{ who: 'sre@host', command: 'move', kind: 'frozen', detail: { tables: 3 } }])
  })
})

async function waitForLock(database: { query: (text: string, params?: readonly unknown[]) => Promise<unknown[]> }, pid: number): Promise<void> {
  for (let n = 0; n < 500; n += 1) {
    const rows = await database.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`, [pid])
    if (rows.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`session ${pid} does not wait for a lock`)
}
