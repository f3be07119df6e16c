import { expect, test } from 'vitest'
import { buildPlan } from '../../src/domain/build-plan.js'
import { seedsOf } from '../../src/dataplane/fingerprint.js'
import { ownedRows, tableItself } from '../../src/dataplane/owned-rows.js'
import { holdBatch } from '../../src/dataplane/purge-batch.js'
import { classifyCell } from '../../src/move/discover.js'
import { Session } from '../../src/postgres/session.js'
import { sql } from '../../src/postgres/sql.js'
import { freshDatabase } from '../support/database.js'
import { configured, openRead } from '../support/discovered-cell.js'
import { until } from '../support/until.js'

const SCOPE = { org: '1', keySets: [], relation: () => '' }

test('a row that is changed while its lock is waited for is digested and deleted as it is then, and no other in its old place (P9)', async () => {
  await using database = await freshDatabase({ cluster: 'a' })
  await database.query(`CREATE TABLE organizations (id bigint PRIMARY KEY); INSERT INTO organizations VALUES (1), (2);
    CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text) WITH (fillfactor = 50);
    INSERT INTO notes SELECT i, 1 + i % 2, 'note ' || i FROM generate_series(1, 20) AS i; CREATE INDEX ON notes (organization_id);`)
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, 'tenancy: {}\n')
  const settings = await config.load()
  const { catalogs, units } = await classifyCell({ settings, cell: 'cell-a', open: openRead(settings) })
  const plan = buildPlan({ org: '1', source: 'cell-a', target: 'cell-b', catalogs, units })
  const notes = plan.owned.find(({ id }) => id.name === 'notes')
  if (notes === undefined) throw new RangeError('no notes in the plan')
  const open = (role: 'load' | 'admin'): Promise<Session> => Session.open({ url: database.url, label: 'a', applicationName: 'purge-batch', lockTimeoutMs: 30_000, answerTimeoutMs: 60_000, role })
  await using writer = await open('admin')
  await using purger = await open('load')
  const before = await purger.transaction('READ COMMITTED', () => holdBatch(purger, notes, ownedRows(notes, SCOPE), seedsOf('a move')))
  expect(before.fingerprint.rows).toBe(10)

  await writer.execute('BEGIN')
  // the first leaves its place with the bytes that it had, the second is another row by then
  await writer.execute('UPDATE public.notes SET body = body WHERE id = 2')
  await writer.execute(`UPDATE public.notes SET body = 'changed' WHERE id = 4`)
  const purging = purger.transaction('READ COMMITTED', async () => {
    const batch = await holdBatch(purger, notes, ownedRows(notes, SCOPE), seedsOf('a move'))
    return { batch, deleted: await purger.execute(sql('purge/delete-batch', { table: tableItself(notes), matches: batch.matches })) }
  })
  await until('the purge waits for the writer', async () => {
    const [row] = await database.query<{ waits: boolean }>(`SELECT count(*) > 0 AS waits FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
    return row?.waits === true ? true : null
  })
  await writer.execute('COMMIT')
  const { batch, deleted } = await purging
  expect(batch.fingerprint.rows).toBe(10)
  expect(batch.fingerprint.a).not.toBe(before.fingerprint.a)
  expect(deleted).toBe(10)
  expect((await database.query<{ id: string }>('SELECT id::text FROM notes ORDER BY id')).map(({ id }) => Number(id) % 2)).toEqual(Array.from({ length: 10 }, () => 1))
})
