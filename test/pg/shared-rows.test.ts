import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'
import { until } from '../support/until.js'

/** Ann came with the move, Bob was on both cells before. */
const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE people (id bigint PRIMARY KEY, name text);
  CREATE TABLE issues (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, author_id bigint REFERENCES people);
  INSERT INTO people VALUES (2, 'Bob');
`
const SOURCE = `INSERT INTO organizations VALUES (1); INSERT INTO people VALUES (1, 'Ann'); INSERT INTO issues VALUES (11, 1, 1), (12, 1, 2)`

async function beforeCutover(): Promise<AsyncDisposable & { readonly cells: CellsInProcess; readonly a: TestDatabase; readonly b: TestDatabase; readonly moveId: string; routed(): Promise<unknown> }> {
  const cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => (cell === 'a' ? `${SCHEMA}; ${SOURCE}` : SCHEMA), config: { tenancy: { tables: { 'public.people': { exempt: 'shared' } } } } })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  if (a === undefined || b === undefined) throw new RangeError('no main database')
  const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
  expect([paused.state, paused.error]).toEqual(['paused', null])
  return {
    cells,
    a,
    b,
    moveId: paused.moveId ?? '',
    routed: async () => (await cells.control.query<{ cell: string }>('SELECT cell FROM org_mover.route'))[0]?.cell,
    [Symbol.asyncDispose]: () => cells[Symbol.asyncDispose](),
  }
}

test('P1: a shared row that came with the move and has changed on the source since is brought up to date at the cutover', async () => {
  await using paused = await beforeCutover()
  await paused.a.query(`UPDATE people SET name = 'Anne' WHERE id = 1`)
  const moved = await paused.cells.app.resume(paused.moveId, paused.cells.io)
  expect([moved.state, moved.error]).toEqual(['cut_over', null])
  expect(await paused.b.query('SELECT id, name FROM people ORDER BY 1')).toEqual([{ id: '1', name: 'Anne' }, { id: '2', name: 'Bob' }])
})

test('P1, P2: a shared row of the target itself that differs by now stops the cutover, and stays as it is', async () => {
  await using paused = await beforeCutover()
  await paused.a.query(`UPDATE people SET name = 'Rob' WHERE id = 2`)
  const stopped = await paused.cells.app.resume(paused.moveId, paused.cells.io)
  expect(stopped.error).toMatchObject({ code: 'OM2113', message: expect.stringContaining('id: 2') })
  expect(await paused.routed()).toBe('cell-a')
  expect(await paused.b.query('SELECT name FROM people WHERE id = 2')).toEqual([{ name: 'Bob' }])
})

test.each([
  ['changes', `UPDATE people SET name = 'Rob' WHERE id = 2`, 'have another content'],
  ['deletes', 'SET LOCAL session_replication_role = replica; DELETE FROM people WHERE id = 2', 'are gone'],
])('P1: a transaction that %s a shared row on the target while the cutover compares is waited for, and seen', async (_, statement, message) => {
  await using paused = await beforeCutover()
  const client = await paused.b.connect()
  await client.query('BEGIN')
  await client.query(statement)
  const resuming = paused.cells.app.resume(paused.moveId, paused.cells.io)
  const over = resuming.then(() => true)
  await until('the cutover waits for the row, or is over', async () => (await Promise.race([over, Promise.resolve(false)])) || (await paused.b.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'org-mover%' AND wait_event_type = 'Lock'`)).length > 0)
  await client.query('COMMIT')
  await client.end()
  expect((await resuming).error).toMatchObject({ code: 'OM2113', message: expect.stringContaining(message) })
  expect(await paused.routed()).toBe('cell-a')
})
