import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App, MoveIo } from '../../src/cli/app.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import type { TestDatabase } from '../support/database.js'
import { databaseOn } from '../support/own-cluster.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, Role, SmallCells } from '../support/small-cells.js'
import { smallCell } from '../support/small-schema.js'
import { startTestCluster } from '../support/test-cluster.js'
import { until } from '../support/until.js'

const SIDES = [
  { role: 'source', cell: 'cell-a', side: 'a' },
  { role: 'target', cell: 'cell-b', side: 'b' },
] as const

/** An apply worker writes under the replica role, past triggers that are not ALWAYS: what it brings for the organization would not be fenced off. */
describe('a logical subscription that writes to a cell (P3)', () => {
  let cluster: Cluster

  beforeAll(async () => {
    // slots and subscriptions of one server only, whose three databases are the cells and the publisher
    cluster = await startTestCluster({ settings: { wal_level: 'logical' } })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  interface Subscribed extends AsyncDisposable {
    readonly cells: SmallCells
    readonly publisher: TestDatabase
    /** The cell's database that subscribes. */
    readonly subscriber: TestDatabase
  }

  /** Two cells, of which one subscribes to a table of a third database. */
  async function subscribed(role: 'source' | 'target', table: string): Promise<Subscribed> {
    const cells = await smallCells({ databases: (of: Role) => databaseOn(cluster, of === 'target' ? 'b' : 'a', of === 'source' ? smallCell('a') : of === 'target' ? smallCell('b') : '') })
    const publisher = await databaseOn(cluster, 'a', smallCell('a'))
    const subscriber = cells.databases[role]
    const name = `s_${publisher.name}`
    await publisher.query(`CREATE PUBLICATION p FOR TABLE ${table}`)
    await publisher.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`)
    // on one server CREATE SUBSCRIPTION would wait for the slot, which waits for CREATE SUBSCRIPTION
    await subscriber.query(`CREATE SUBSCRIPTION ${name} CONNECTION '${cluster.url(publisher.name)}' PUBLICATION p WITH (create_slot = false, slot_name = '${name}', copy_data = false)`)
    await until('the apply worker is at work', async () => (await publisher.query(`SELECT FROM pg_replication_slots WHERE slot_name = '${name}' AND active`)).length > 0)
    return {
      cells,
      publisher,
      subscriber,
      async [Symbol.asyncDispose]() {
        await subscriber.query(`ALTER SUBSCRIPTION ${name} DISABLE`)
        await subscriber.query(`ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`)
        await subscriber.query(`DROP SUBSCRIPTION ${name}`)
        await until('the slot can be dropped', () => publisher.query(`SELECT pg_drop_replication_slot('${name}')`).then(() => true, () => false))
        await cells[Symbol.asyncDispose]()
        await publisher[Symbol.asyncDispose]()
      },
    }
  }

  const onSubscription = async ({ subscriber, publisher }: Subscribed, what: 'DISABLE' | 'ENABLE'): Promise<void> => {
    await subscriber.query(`ALTER SUBSCRIPTION s_${publisher.name} ${what}`)
    const active = what === 'ENABLE'
    await until(`the subscription is ${what}D`, async () => (await publisher.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active = $2', [`s_${publisher.name}`, active])).length > 0)
    // the worker's end reaches the statistics a moment later
    await until('the server knows', async () => (await subscriber.query('SELECT FROM pg_stat_subscription WHERE subname = $1 AND (pid IS NOT NULL) = $2', [`s_${publisher.name}`, active])).length > 0)
  }
  const start = (cells: SmallCells, pauseBefore?: 'cutover'): Promise<Ended> => cells.run((app: App, io: MoveIo) => app.move({ org: ORG, to: 'cell-b', ...(pauseBefore === undefined ? {} : { pauseBefore }) }, io))
  const told = (ended: Ended): readonly string[] => (ended.document?.findings ?? []).filter(({ code }) => code === 'OM2121').map(({ severity, cell, table }) => `${severity} ${cell} ${table ?? '-'}`)

  for (const { role, cell } of SIDES) {
    test(`to a table of the move, on the ${role}: the move stops in prepare; disabled, it goes through`, async () => {
      await using set = await subscribed(role, 'public.issues, public.events_2025')
      const stopped = await start(set.cells)
      expect([stopped.exit, told(stopped)], stopped.message).toEqual([3, [`warning ${cell} -`, `error ${cell} events`, `error ${cell} issues`]])
      expect(stopped.document?.findings.find(({ table }) => table === 'issues')?.hint).toContain(`DISABLE`)
      await onSubscription(set, 'DISABLE')
      const moved = await start(set.cells)
      expect([moved.exit, moved.document?.state, told(moved)], moved.message).toEqual([0, 'cut_over', []])
    })
  }

  test('to another table: a warning, and what it brings arrives', async () => {
    await using set = await subscribed('source', 'public.settings')
    const moved = await start(set.cells)
    expect([moved.exit, told(moved)], moved.message).toEqual([0, ['warning cell-a -']])
    await set.publisher.query(`INSERT INTO settings VALUES ('later', 'x')`)
    await until('the row arrives', async () => (await set.subscriber.query(`SELECT FROM settings WHERE name = 'later'`)).length > 0)
  })

  test('enabled while the move rests before the cutover: what it brought past the fence is not lost in silence', async () => {
    await using set = await subscribed('source', 'public.issues')
    await onSubscription(set, 'DISABLE')
    const resting = await start(set.cells, 'cutover')
    expect([resting.exit, resting.document?.state], resting.message).toEqual([0, 'paused'])
    await onSubscription(set, 'ENABLE')
    await set.publisher.query(`INSERT INTO issues VALUES (5001, 101, 'past the fence')`)
    await until('it arrives', async () => (await set.subscriber.query('SELECT FROM issues WHERE id = 5001')).length > 0)
    const id = (await set.cells.moveId()) ?? ''
    const stopped = await set.cells.run((app, io) => app.resume(id, io))
    expect([stopped.exit, stopped.code], stopped.message).toEqual([3, 'OM4003'])
    expect(stopped.message).toContain('subscription')
    expect(await set.cells.route()).toBe('cell-a')
    await onSubscription(set, 'DISABLE')
    const aborted = await set.cells.run((app, io) => app.abort(id, io))
    expect([aborted.exit, aborted.document?.state], aborted.message).toEqual([0, 'aborted'])
    expect(await set.subscriber.query('SELECT title FROM issues WHERE id = 5001')).toEqual([{ title: 'past the fence' }])
  })
})
