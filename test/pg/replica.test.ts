import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Progress } from '../../src/observability/progress.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { freshDatabase } from '../support/database.js'
import type { TestDatabase } from '../support/database.js'
import { databaseOn } from '../support/own-cluster.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells, SmallCellsOptions } from '../support/small-cells.js'
import { smallCell } from '../support/small-schema.js'
import { startStandby } from '../support/standby.js'
import { startTestCluster } from '../support/test-cluster.js'
import { until } from '../support/until.js'

// a copy of a server's files is needed, which those in a container do not give
describe.skipIf(process.env['ORG_MOVER_TEST_PG'] === 'docker')('frozen rows read from a streaming replica (read_from)', () => {
  let primary: Cluster
  let standby: Cluster

  beforeAll(async () => {
    primary = await startTestCluster()
    standby = await startStandby(primary)
  })
  afterAll(async () => {
    await standby[Symbol.asyncDispose]()
    await primary[Symbol.asyncDispose]()
  })

  async function cells(options: Pick<SmallCellsOptions, 'readFrom' | 'config'> = {}): Promise<SmallCells> {
    const made = await smallCells({
      readFrom: (url) => standby.url(new URL(url).pathname.slice(1)),
      ...options,
      config: { copy: { jobs: 2, chunk_rows: 2 }, ...options.config },
      databases: (role) => (role === 'source' ? databaseOn(primary, 'a', `${smallCell('a')}; ALTER TABLE topics SET UNLOGGED`) : freshDatabase(role === 'target' ? { cluster: 'b', template: { name: 'small_b', source: { sql: smallCell('b') } } } : { cluster: 'a' })),
    })
    await replayed(made.databases.source)
    return made
  }

  async function onStandby(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: standby.url(database) })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }

  async function replayed(source: TestDatabase): Promise<void> {
    const [{ lsn } = { lsn: '' }] = await source.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn')
    await until('the standby has replayed', async () => (await onStandby(`SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS yes`))[0]?.['yes'] === true)
  }

  const move = (made: SmallCells, progress?: Progress): ReturnType<SmallCells['run']> => made.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io), progress === undefined ? {} : { progress })

  test('the copy and the source side of verification read there, and what no replica has on the primary', async () => {
    await using made = await cells()
    const ended = await move(made)
    expect(ended, ended.message).toMatchObject({ exit: 0, document: { state: 'cut_over', verification: { verdict: 'equal' } } })
    const reads = await until('statistics of the standby', async () => {
      const rows = await onStandby(`SELECT relname AS name FROM pg_stat_user_tables WHERE schemaname = 'public' AND coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0 ORDER BY 1`, made.databases.source.name)
      return rows.length < 7 ? null : rows.map((row) => row['name'])
    })
    expect(reads).toEqual(expect.arrayContaining(['issues', 'labels', 'organizations', 'projects', 'versions']))
    // unlogged
    expect(reads).not.toContain('topics')
    expect((await made.look()).b.rows['topics']).toHaveLength(3 + 3 + 3)
    expect((await made.run(async (app, io) => app.purge((await made.moveId()) ?? '', {}, io))).exit).toBe(0)
  })

  test('one that lags is waited for, and the progress says by how much', async () => {
    await using made = await cells()
    await onStandby('SELECT pg_wal_replay_pause()')
    const reasons: (string | null)[] = []
    const goOn: Promise<unknown>[] = []
    const ended = await move(made, (event) => {
      if (event.kind !== 'waiting') return
      reasons.push(event.reason)
      if (goOn.length === 0 && event.reason?.includes('replica') === true) goOn.push(onStandby('SELECT pg_wal_replay_resume()'))
    })
    await Promise.all(goOn)
    expect(ended, ended.message).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(reasons.find((reason) => reason?.includes('replica') === true)).toMatch(/^cell-a\/main \(replica\) has [1-9]\d* bytes of the log to replay up to [\dA-F/]+; its replay is paused$/)
    expect(reasons.at(-1)).toBe(null)
  })

  test('one that stays behind ends the command after replica_timeout; resume goes on when it has caught up', async () => {
    await using made = await cells({ config: { replica_timeout: '300ms' } })
    await onStandby('SELECT pg_wal_replay_pause()')
    const ended = await move(made)
    expect(ended).toMatchObject({ exit: 5, code: 'OM3020', document: { state: 'failed', phase: 'copy' } })
    expect(ended.message).toMatch(/has not replayed .* within 300 ms: [1-9]\d* bytes of the log are left, and its replay is paused/)
    expect((await made.look()).b.rows['issues']).toHaveLength(10)
    await onStandby('SELECT pg_wal_replay_resume()')
    await replayed(made.databases.source)
    const resumed = await made.run(async (app, io) => app.resume((await made.moveId()) ?? '', io))
    expect(resumed, resumed.message).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('a server that is no standby of the source is never read', async () => {
    for (const [readFrom, why] of [
      [(url: string) => url, 'is no standby'],
      [() => other.url, 'is another cluster'],
    ] as const) {
      await using made = await cells({ readFrom })
      const ended = await move(made)
      expect(ended).toMatchObject({ exit: 3, code: 'OM2132' })
      expect(ended.message).toContain(why)
      const aborted = await made.run(async (app, io) => app.abort((await made.moveId()) ?? '', io))
      expect(aborted).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    }
  })

  test('doctor says what stands behind read_from', async () => {
    for (const [readFrom, expected] of [
      [undefined, { ok: true, message: expect.stringMatching(/^a standby of this cluster, \d+ bytes behind$/) as string }],
      [(url: string) => url, { ok: false, message: expect.stringContaining('no standby') as string }],
      [() => 'postgres://nobody@127.0.0.1:1/x', { ok: false, message: expect.stringContaining('(replica)') as string }],
    ] as const) {
      await using made = await cells(readFrom === undefined ? {} : { readFrom })
      const { checks } = await made.doctor()
      expect(checks.filter(({ name }) => name === 'replica')).toEqual([{ cell: 'cell-a', database: 'main', name: 'replica', ...expected }])
    }
  })

  let other: TestDatabase
  beforeAll(async () => {
    other = await freshDatabase({ cluster: 'b' })
  })
  afterAll(() => other[Symbol.asyncDispose]())
})
