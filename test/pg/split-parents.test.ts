import { expect, test } from 'vitest'
import { found } from '../support/found.js'
import { cellsInProcess } from '../support/cells-in-process.js'

/** One partitioned parent whose leaves are an organization's, shared, looked up and the cell's own; tables refer to it as a whole. */
const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE projects (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations);
  CREATE TABLE roles (kind text, id bigint, organization_id bigint, project_id bigint REFERENCES projects, name text, PRIMARY KEY (kind, id)) PARTITION BY LIST (kind);
  CREATE TABLE roles_org PARTITION OF roles FOR VALUES IN ('org');
  CREATE TABLE roles_project PARTITION OF roles FOR VALUES IN ('project');
  CREATE TABLE roles_shared PARTITION OF roles FOR VALUES IN ('shared');
  CREATE TABLE roles_known PARTITION OF roles FOR VALUES IN ('known');
  CREATE TABLE roles_cell PARTITION OF roles FOR VALUES IN ('cell');
  CREATE TABLE grants (id bigint PRIMARY KEY, kind text NOT NULL, role_id bigint NOT NULL, FOREIGN KEY (kind, role_id) REFERENCES roles);
  CREATE TABLE members (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, kind text, role_id bigint, FOREIGN KEY (kind, role_id) REFERENCES roles);
`
const TENANCY = {
  tables: {
    'public.roles_org': { sharding_key: { organization_id: 'organizations' } },
    'public.roles_project': { sharding_key: { project_id: 'projects' } },
    'public.roles_shared': { exempt: 'shared' },
    'public.roles_known': { exempt: 'lookup', match_by: ['name'] },
    'public.roles_cell': { exempt: 'skip' },
  },
}
const SOURCE = `
  INSERT INTO organizations VALUES (1), (2); INSERT INTO projects VALUES (11, 1), (21, 2);
  INSERT INTO roles VALUES ('org', 1, 1, NULL, 'mine'), ('org', 2, 2, NULL, 'theirs'), ('project', 1, NULL, 11, 'mine'), ('project', 2, NULL, 21, 'theirs'),
    ('shared', 1, NULL, NULL, 'used'), ('shared', 2, NULL, NULL, 'unused'), ('known', 1, NULL, NULL, 'guest'), ('known', 2, NULL, NULL, 'owner'), ('cell', 1, NULL, NULL, 'of the cell');
  INSERT INTO grants VALUES (1, 'org', 1), (2, 'project', 1), (3, 'org', 2), (4, 'project', 2);
  INSERT INTO members VALUES (1, 1, 'org', 1), (2, 1, 'project', 1), (3, 1, 'shared', 1), (4, 1, 'known', 1), (5, 1, NULL, 1), (6, 2, 'org', 2), (7, 1, 'known', 2);
`
const TARGET = `INSERT INTO roles VALUES ('known', 7, NULL, NULL, 'guest'), ('known', 8, NULL, NULL, 'owner'), ('cell', 1, NULL, NULL, 'another')`

const setUp = (cell: 'a' | 'b'): string => `${SCHEMA}; ${cell === 'a' ? SOURCE : TARGET}`

test('P1, P9: a reference to a parent whose leaves have rules of their own is one to the union of them', async () => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp, config: { tenancy: TENANCY } })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  const discovered = await cells.app.discover({ cell: 'cell-a', mode: 'show' })
  const grants = discovered.tables.find(({ table }) => table === 'grants')
  expect(grants?.rule).toEqual({ kind: 'via', columns: ['kind', 'role_id'], path: ['grants.kind, grants.role_id -> roles.kind, roles.id', 'roles_org.organization_id', 'roles_project.project_id -> projects.id', 'projects.organization_id'] })
  expect(await a?.query(`SELECT id FROM grants AS t WHERE ${grants?.predicate?.replaceAll(':org', '1') ?? ''} ORDER BY 1`)).toEqual([{ id: '1' }, { id: '2' }])
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect(moved.error).toBeNull()
  expect(await b?.query('SELECT kind, id, name FROM roles ORDER BY 1, 2')).toEqual([
    { kind: 'cell', id: '1', name: 'another' },
    { kind: 'known', id: '7', name: 'guest' },
    { kind: 'known', id: '8', name: 'owner' },
    { kind: 'org', id: '1', name: 'mine' },
    { kind: 'project', id: '1', name: 'mine' },
    { kind: 'shared', id: '1', name: 'used' },
  ])
  expect(await b?.query('SELECT id FROM grants ORDER BY 1')).toEqual([{ id: '1' }, { id: '2' }])
  expect(await b?.query(`SELECT id, kind || ' ' || role_id AS role FROM members ORDER BY 1`)).toEqual([
    { id: '1', role: 'org 1' },
    { id: '2', role: 'project 1' },
    { id: '3', role: 'shared 1' },
    { id: '4', role: 'known 7' },
    { id: '5', role: null },
    { id: '7', role: 'known 8' },
  ])
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect(purged.error).toBeNull()
  expect(await a?.query('SELECT id FROM grants UNION ALL SELECT id FROM members ORDER BY 1')).toEqual([{ id: '3' }, { id: '4' }, { id: '6' }])
  expect(await a?.query('SELECT count(*)::int AS left FROM roles')).toEqual([{ left: 7 }])
})

const tables = SCHEMA.replace(/.*CREATE TABLE projects[^;]*;/s, 'ALTER TABLE projects ALTER organization_id SET NOT NULL;')
const role = (kind: string, id: number, organization: number | null): string => `INSERT INTO roles VALUES ('${kind}', ${id}, ${organization ?? 'NULL'}, NULL, '${kind} ${id}')`

test('P4: each leaf by its own fate: a leaf that stays, a lookup row that the target lacks, a neighbour, rows told by a leaf that stays', async () => {
  const source = [role('cell', 1, null), role('known', 1, null), role('org', 1, 1), role('org', 2, 2), `INSERT INTO members VALUES (1, 1, 'cell', 1), (2, 1, 'known', 1), (3, 1, 'org', 1), (4, 1, 'org', 2), (5, 2, 'cell', 1)`].join(';')
  const first = await found({ both: tables, source, tenancy: TENANCY })
  expect(first.lines.toSorted()).toEqual(['OM2104 error cell-a members 2', 'OM2112 error cell-a members 1'])
  expect(first.of('OM2104').examples.toSorted((x, y) => Number(x['id']) - Number(y['id']))).toEqual([{ id: '1' }, { id: '4' }])
  expect(first.changes).toEqual([])
  const below = await found({ both: tables, source: [role('cell', 1, null), role('org', 1, 1), `INSERT INTO grants VALUES (1, 'cell', 1), (2, 'org', 1)`].join(';'), tenancy: TENANCY })
  expect(below.lines).toEqual(['OM2103 error cell-a grants 1'])
  expect(below.of('OM2103').examples).toEqual([{ id: '1' }])
  const inbound = await found({ both: tables, source: [role('org', 1, 1), `INSERT INTO members VALUES (1, 2, 'org', 1)`].join(';'), tenancy: TENANCY })
  expect(inbound.lines).toEqual(['OM2115 warning cell-a members 1'])
})
