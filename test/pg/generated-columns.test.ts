import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'

const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE shards (id bigint PRIMARY KEY, name text UNIQUE);
  CREATE TABLE projects (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, shard_id bigint REFERENCES shards, storage text, "weird ""name" text,
    place text GENERATED ALWAYS AS (coalesce(storage, '-') || '/' || coalesce(shard_id::text, '-') || '/' || coalesce("weird ""name", '')) STORED);
`
const setUp = (cell: 'a' | 'b'): string =>
  `${SCHEMA}; ${cell === 'a' ? `INSERT INTO organizations VALUES (1); INSERT INTO shards VALUES (1, 'one'), (2, 'two'); INSERT INTO projects VALUES (11, 1, 1, 'nfs', 'x'), (12, 1, 2, NULL, NULL), (13, 1, NULL, 'other', 'y')` : `INSERT INTO shards VALUES (7, 'one'), (8, 'two')`}`

test('P1: what is generated out of values that change on the way is compared with what the target makes of them', async () => {
  const tables = { 'public.shards': { exempt: 'lookup', match_by: ['name'] }, 'public.projects': { columns: { storage: { map: { nfs: 'default' } } } } }
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp, config: { tenancy: { tables } } })
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.verification.verdict]).toEqual([null, 'equal'])
  expect(await cells.databases.b.get('main')?.query('SELECT id, place FROM projects ORDER BY 1')).toEqual([{ id: '11', place: 'default/7/x' }, { id: '12', place: '-/8/' }, { id: '13', place: 'other/-/y' }])
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect(purged.error).toBeNull()
})
