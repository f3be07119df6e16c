import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from 'pg'
import type { MoveDocument } from '../../src/domain/documents.js'
import { CellDatabase } from '../../src/dataplane/cell-database.js'
import type { PaceOrders } from '../../src/dataplane/pace.js'
import { throttleReasons } from '../../src/phases/throttle-reasons.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { freshDatabase } from '../support/database.js'
import type { TestDatabase } from '../support/database.js'
import { databaseOn } from '../support/own-cluster.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, SmallCells, SmallCellsOptions } from '../support/small-cells.js'
import { smallCell } from '../support/small-schema.js'
import { startStandby } from '../support/standby.js'
import { startTestCluster } from '../support/test-cluster.js'
import { until } from '../support/until.js'

const COPY = { copy: { jobs: 2, chunk_rows: 2 } }

const move = (cells: SmallCells, options: Parameters<SmallCells['run']>[1] = {}): Promise<Ended> => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io), options)
const idOf = async (cells: SmallCells): Promise<string> => (await cells.moveId()) ?? ''
const order = (cells: SmallCells, orders: PaceOrders): Promise<Ended> => cells.run(async (app) => app.throttle(await idOf(cells), orders))

/** The move as another command sees it, once it waits for something. */
async function waiting(cells: SmallCells, ...among: readonly Promise<Ended>[]): Promise<MoveDocument> {
  return until('the move waits', async () => {
    const ended = await Promise.race([...among, Promise.resolve(null)])
    if (ended !== null) throw new Error(`it ended: ${ended.message}`)
    if ((await cells.moveId()) === null) return null
    const { document } = await cells.run(async (app) => app.status(await idOf(cells)))
    return document?.throttle?.waitsFor == null ? null : document
  })
}

describe('a move that is told its pace by others', () => {
  test('pauses between chunks, in the copy and in the purge, says so in its progress and in status, and goes on', async () => {
    await using cells = await smallCells({ config: COPY })
    const reasons: (string | null)[] = []
    let paused: Promise<Ended> | null = null
    const moving = move(cells, {
      progress: (event) => {
        if (event.kind === 'phase' && event.phase === 'freeze') paused ??= order(cells, { paused: true })
        if (event.kind === 'waiting') reasons.push(event.reason)
      },
    })
    const document = await waiting(cells, moving)
    expect(await paused).toMatchObject({ exit: 0, document: { throttle: { paused: true } } })
    expect(document).toMatchObject({ state: 'running', phase: 'copy', throttle: { paused: true, maxBytesPerSecond: null, waitsFor: expect.stringContaining('an operator') as string } })
    expect((await cells.look()).b.rows['issues']).toHaveLength(10)
    await order(cells, { paused: false })
    expect(await moving).toMatchObject({ exit: 0, document: { state: 'cut_over', throttle: { paused: false, waitsFor: null } } })
    expect(reasons.find((reason) => reason?.includes('an operator') === true)).toBeDefined()
    expect(reasons.at(-1)).toBe(null)
    await order(cells, { paused: true })
    const purging = cells.run(async (app, io) => app.purge(await idOf(cells), {}, io))
    expect(await waiting(cells, purging)).toMatchObject({ state: 'purging', tables: expect.arrayContaining([expect.objectContaining({ table: 'issues', rowsPurged: 0 })]) as unknown[] })
    await order(cells, { paused: false })
    expect(await purging).toMatchObject({ exit: 0, document: { state: 'completed' } })
    expect(await order(cells, { paused: true })).toMatchObject({ exit: 3, code: 'OM2006' })
  })

  test('hears of another limit in the middle of its streams', async () => {
    await using cells = await smallCells({ config: { copy: { jobs: 2, chunk_rows: 1000, max_bytes_per_second: 1 } } })
    let begun = (): void => undefined
    const copying = new Promise<void>((resolve) => (begun = resolve))
    const moving = move(cells, { progress: (event) => void (event.kind === 'table' && event.state === 'started' && begun()) })
    await copying
    const { document } = await until('the limit is known', async () => {
      const found = await cells.run(async (app) => app.status(await idOf(cells)))
      return found.document?.throttle == null ? null : found
    })
    expect(document).toMatchObject({ throttle: { maxBytesPerSecond: 1, paused: false } })
    expect(await order(cells, { maxBytesPerSecond: null })).toMatchObject({ document: { throttle: { maxBytesPerSecond: null } } })
    expect(await moving).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('an interrupted one that was paused does not seem to wait, and waits again when it is resumed', async () => {
    await using cells = await smallCells({ config: COPY })
    const abort = new AbortController()
    let paused: Promise<Ended> | null = null
    const moving = move(cells, { signal: abort.signal, progress: (event) => void (event.kind === 'phase' && event.phase === 'freeze' && (paused ??= order(cells, { paused: true }))) })
    await waiting(cells, moving)
    abort.abort(new Error('SIGTERM'))
    expect(await moving).toMatchObject({ document: { state: 'paused', throttle: { paused: true, waitsFor: null } } })
    const resuming = cells.run(async (app, io) => app.resume(await idOf(cells), io))
    await waiting(cells, resuming)
    await order(cells, { paused: false })
    expect(await resuming).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('`pause` ends the wait: the move rests instead, and goes on when it is resumed', async () => {
    await using cells = await smallCells({ config: COPY })
    let paused: Promise<Ended> | null = null
    const moving = move(cells, { progress: (event) => void (event.kind === 'phase' && event.phase === 'freeze' && (paused ??= order(cells, { paused: true }))) })
    await waiting(cells, moving)
    expect(await cells.run(async (app, io) => app.pause(await idOf(cells), io))).toMatchObject({ exit: 0 })
    expect(await moving).toMatchObject({ exit: 0, document: { state: 'paused', throttle: { paused: true, waitsFor: null } } })
    await order(cells, { paused: false })
    expect(await cells.run(async (app, io) => app.resume(await idOf(cells), io))).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })
})

describe('what a move waits for by itself', () => {
  async function held(options: SmallCellsOptions, reason: RegExp, hold: (cells: SmallCells) => Promise<() => Promise<unknown>>): Promise<void> {
    await using cells = await smallCells({ ...options, config: { ...COPY, ...options.config } })
    const letGo = await hold(cells)
    const moving = move(cells)
    const { throttle, phase } = await waiting(cells, moving)
    expect(throttle?.waitsFor).toMatch(reason)
    expect(phase).toBe('copy')
    await letGo()
    expect(await moving).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  }

  test('sessions of others that wait for locks on the target', async () => {
    await using cells = await smallCells({ config: { ...COPY, throttle: { max_lock_waits: 0 } } })
    const { target } = cells.databases
    let paused: Promise<Ended> | null = null
    const moving = move(cells, { progress: (event) => void (event.kind === 'phase' && event.phase === 'freeze' && (paused ??= order(cells, { paused: true }))) })
    // the freeze waits for transactions of before, which is another matter
    await waiting(cells, moving)
    const [first, second] = [await target.connect(), await target.connect()]
    await first.query('BEGIN; UPDATE settings SET value = value')
    const blocked = second.query('UPDATE settings SET value = value')
    await until('it waits', async () => (await target.query('SELECT 1 FROM pg_locks WHERE NOT granted AND pid = $1', [Reflect.get(second, 'processID')])).length > 0)
    await order(cells, { paused: false })
    await until('the move waits for it', async () => {
      const { document } = await cells.run(async (app) => app.status(await idOf(cells)))
      return document?.throttle?.waitsFor === '1 other session(s) of cell-b/main, which wait for locks (limit 0)'
    })
    await first.query('COMMIT')
    await blocked
    await Promise.all([first.end(), second.end()])
    expect(await moving).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('a replication slot that keeps the log', async () => {
    const name = `throttle_${process.pid}`
    await held({ config: { throttle: { max_wal_backlog_bytes: 0 } } }, new RegExp(`^slot ${name} of cell-b/main, [1-9]\\d* bytes of the log behind \\(limit 0\\)$`), async ({ databases: { target } }) => {
      await target.query(`SELECT pg_create_physical_replication_slot('${name}', true)`)
      return () => target.query(`SELECT pg_drop_replication_slot('${name}')`)
    })
  })

  test('a probe that reads more than zero', async () => {
    const probes = [{ sql: 'SELECT 0' }, { sql: 'SELECT count(*) FROM public.queue WHERE :org::bigint = 1' }]
    await held({ config: { throttle: { probes } } }, /^probe 2, which reads 2$/, async ({ databases: { target } }) => {
      await target.query('CREATE TABLE queue (id int); INSERT INTO queue VALUES (1), (2)')
      return () => target.query('DELETE FROM queue')
    })
  })

  test('a probe that fails three times in a row stops the move', async () => {
    await using cells = await smallCells({ config: { ...COPY, throttle: { probes: [{ command: ['/bin/sh', '-c', 'exit 1'] }] } } })
    const reasons: (string | null)[] = []
    const ended = await move(cells, { progress: (event) => void (event.kind === 'waiting' && reasons.push(event.reason)) })
    expect(ended).toMatchObject({ exit: 1, code: 'OM3011', document: { state: 'failed', phase: 'copy' } })
    expect(reasons.find((reason) => reason?.startsWith('probe 1: ') === true)).toBeDefined()
  })

  describe.skipIf(process.env['ORG_MOVER_TEST_PG'] === 'docker')('replicas of the target', () => {
    let primary: Cluster
    let standby: Cluster
    let onStandby: TestDatabase
    beforeAll(async () => {
      primary = await startTestCluster()
      standby = await startStandby(primary)
      onStandby = { ...(await databaseOn(primary, 'b')), url: standby.url() }
    })
    afterAll(async () => {
      await standby[Symbol.asyncDispose]()
      await primary[Symbol.asyncDispose]()
    })
    const control = async (text: string): Promise<void> => {
      const client = new Client({ connectionString: onStandby.url })
      await client.connect()
      await client.query(text)
      await client.end()
    }
    const databases: SmallCellsOptions['databases'] = (role) => (role === 'target' ? databaseOn(primary, 'b', smallCell('b')) : freshDatabase(role === 'source' ? { cluster: 'a', template: { name: 'small_a', source: { sql: smallCell('a') } } } : { cluster: 'a' }))

    test('that lag behind', async () => {
      await held({ databases, config: { throttle: { max_replica_lag_bytes: 50_000 } } }, /^replica walreceiver of cell-b\/main, [1-9]\d* bytes of the log behind \(limit 50000\)$/, async ({ databases: { target } }) => {
        await control('SELECT pg_wal_replay_pause()')
        await target.query('CREATE TABLE ballast AS SELECT n FROM generate_series(1, 10000) AS n; DROP TABLE ballast')
        return () => control('SELECT pg_wal_replay_resume()')
      })
    })

    test('whose lag the role may not see: said, not overlooked', async () => {
      await using database = await databaseOn(primary, 'b', `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sees_little') THEN CREATE ROLE sees_little LOGIN PASSWORD 'weak'; END IF; END $$`)
      const url = new URL(database.url)
      url.username = 'sees_little'
      url.password = 'weak'
      await using cell = new CellDatabase({ cell: 'cell-b', side: 'target', database: 'main', url: url.href, readFrom: null, searchPath: null, applicationName: 'org-mover', lockTimeoutMs: 1000, answerTimeoutMs: 5000, pass: null })
      const reasons = throttleReasons({ holder: { moveId: 'none', epoch: 1n }, cells: { source: new Map(), target: new Map([['main', cell]]) } } as unknown as Parameters<typeof throttleReasons>[0], { maxReplicaLagBytes: 1, maxWalBacklogBytes: null, maxLockWaits: 0, probes: [] }, 'target')
      await expect(reasons[0]?.()).rejects.toMatchObject({ code: 'OM2010', hint: expect.stringContaining('pg_read_all_stats') as string })
      expect(await reasons[1]?.()).toBe(null)
    })
  })
})
