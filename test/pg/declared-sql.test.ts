import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'

/** Types whose operators stand outside pg_catalog, as extensions have them. */
const SCHEMA = `
  CREATE SCHEMA extensions; CREATE EXTENSION citext; CREATE EXTENSION hstore SCHEMA extensions;
  CREATE TABLE organizations (id citext PRIMARY KEY);
  CREATE TABLE messages (id bigint PRIMARY KEY, organization_id citext NOT NULL REFERENCES organizations);
  CREATE TABLE versions (id bigint PRIMARY KEY, item_id bigint NOT NULL, tags extensions.hstore, org citext);`
const ROWS = `
  INSERT INTO organizations VALUES ('Acme'), ('other');
  INSERT INTO messages VALUES (1, 'Acme'), (2, 'ACME'), (3, 'other');
  INSERT INTO versions VALUES (11, 1, 'kind=>message', 'acme'), (12, 2, 'kind=>message', 'AcMe'), (13, 3, 'kind=>message', 'other'), (14, 1, 'kind=>note', 'Acme');`

test('P1: declared SQL compares as the application would, not as text', async () => {
  const where = `t.item_id IN (SELECT id FROM public.messages WHERE organization_id = :org) AND t.org = :org AND t.tags OPERATOR(extensions.->) 'kind' = 'message'`
  const tables = { 'public.versions': { exempt: 'query', where } }
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['Acme'], setUp: (cell) => SCHEMA + (cell === 'a' ? ROWS : ''), config: { tenancy: { tables } } })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  const plan = await cells.app.plan({ org: 'Acme', to: 'cell-b' })
  expect(plan.tables.map(({ table, rows }) => [table, rows])).toEqual([['messages', 2], ['organizations', 1], ['versions', 2]])
  const paused = await cells.app.move({ org: 'Acme', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
  expect(paused.error).toBeNull()
  // the fence reads it in the same way
  for (const [id, org] of [[21, 'ACME'], [22, 'Acme']]) await expect(a?.query(`INSERT INTO versions VALUES (${id}, 2, 'kind=>message', '${org}')`)).rejects.toMatchObject({ code: 'OM001' })
  await a?.query(`INSERT INTO versions VALUES (23, 3, 'kind=>message', 'other')`)
  const moved = await cells.app.resume(paused.moveId ?? '', cells.io)
  expect([moved.error, moved.verification.verdict]).toEqual([null, 'equal'])
  expect(await b?.query('SELECT id::int FROM versions ORDER BY id')).toEqual([{ id: 11 }, { id: 12 }])
  const purged = await cells.app.purge(paused.moveId ?? '', {}, cells.io)
  expect([purged.error, purged.state]).toEqual([null, 'completed'])
  expect(await a?.query('SELECT id::int FROM versions ORDER BY id')).toEqual([{ id: 13 }, { id: 14 }, { id: 23 }])
})

test('what a bare operator means is looked up where the application looks', async () => {
  const tables = { 'public.versions': { exempt: 'query', where: `t.tags -> 'kind' = 'message' AND t.org = :org` } }
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['Acme'], setUp: (cell) => SCHEMA + (cell === 'a' ? ROWS : ''), config: { tenancy: { tables } } })
  const plan = async (): Promise<readonly unknown[]> => {
    const { tables: planned, findings } = await cells.app.plan({ org: 'Acme', to: 'cell-b' })
    return [planned.find(({ table }) => table === 'versions')?.rows ?? null, findings.map(({ code, table }) => `${code} ${table}`)]
  }
  expect(await plan()).toEqual([0, ['OM2111 versions']])
  for (const databases of Object.values(cells.databases)) for (const database of databases.values()) await database.query(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public, extensions', current_database()); END $$`)
  expect(await plan()).toEqual([2, []])
})
