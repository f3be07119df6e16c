import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import { found } from '../support/found.js'

const CASELESS = `CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`

/**
 * Keys that are equal but not the same: under a nondeterministic collation 'ACME' refers to 'acme'. PostgreSQL compares a reference under the
 * collation of what is referred to, so from `exact` on ('a' and 'A' are two) a child's own collation must not make one of them.
 */
const SCHEMA = `${CASELESS};
  CREATE TABLE organizations (id text COLLATE caseless PRIMARY KEY);
  CREATE TABLE projects (slug text COLLATE caseless PRIMARY KEY, organization_id text NOT NULL REFERENCES organizations);
  CREATE TABLE notes (id bigint PRIMARY KEY, slug text NOT NULL REFERENCES projects, above bigint REFERENCES notes);
  CREATE TABLE tags (id bigint PRIMARY KEY, slug text COLLATE "C" NOT NULL REFERENCES projects);
  CREATE TABLE exact (code text COLLATE "C" PRIMARY KEY, organization_id text COLLATE caseless NOT NULL REFERENCES organizations);
  CREATE TABLE marks (id bigint PRIMARY KEY, code text COLLATE caseless NOT NULL REFERENCES exact);
  CREATE TABLE people (nick text COLLATE caseless PRIMARY KEY);
  CREATE TABLE codes (code text COLLATE "C" PRIMARY KEY);
  CREATE TABLE kinds (kind text COLLATE caseless PRIMARY KEY, label text COLLATE "C" NOT NULL UNIQUE);
  CREATE TABLE uses (id bigint PRIMARY KEY, slug text NOT NULL REFERENCES projects, nick text REFERENCES people, code text COLLATE caseless REFERENCES codes, kind text REFERENCES kinds);
`
const SOURCE = `
  INSERT INTO organizations VALUES ('acme'), ('other');
  INSERT INTO projects VALUES ('Alpha', 'ACME'), ('Beta', 'Other');
  INSERT INTO notes VALUES (1, 'ALPHA', NULL), (2, 'beta', NULL), (3, 'alpha', 1);
  INSERT INTO tags VALUES (1, 'aLPHA'), (2, 'BETA');
  INSERT INTO exact VALUES ('a', 'Acme'), ('A', 'OTHER');
  INSERT INTO marks VALUES (1, 'a'), (2, 'A');
  INSERT INTO people VALUES ('Ann'), ('Bob');
  INSERT INTO codes VALUES ('x'), ('X'), ('y');
  INSERT INTO kinds VALUES ('Guest', 'guest'), ('Owner', 'owner');
  INSERT INTO uses VALUES (1, 'ALPHA', 'ANN', 'x', 'GUEST'), (2, 'alpha', 'ann', 'X', 'guest'), (3, 'Beta', 'Bob', 'y', 'Owner'), (4, 'ALPHA', NULL, NULL, 'OWNER');
`
const TARGET = `INSERT INTO people VALUES ('Ann'); INSERT INTO kinds VALUES ('visitor', 'guest')`
const TENANCY = { tables: { 'public.people': { exempt: 'shared' }, 'public.codes': { exempt: 'shared' }, 'public.kinds': { exempt: 'lookup', match_by: ['label'], insert_missing: true } } }

test.skipIf(process.env['ORG_MOVER_TEST_PG_VERSION'] === '18')('P1, P2, P9: equal keys of another spelling refer, and different ones that a child calls equal do not', async () => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['acme'], setUp: (cell) => `${SCHEMA}; ${cell === 'a' ? SOURCE : TARGET}`, config: { tenancy: TENANCY } })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  if (a === undefined || b === undefined) throw new RangeError('no main database')
  const { tables } = await cells.app.discover({ cell: 'cell-a', mode: 'show' })
  const mine = { organizations: ['acme'], projects: ['Alpha'], notes: ['1', '3'], tags: ['1'], exact: ['a'], marks: ['1'], uses: ['1', '2', '4'] }
  for (const { table, predicate } of tables) {
    if (predicate === null) continue
    const rows = await a.query<{ key: string }>(`SELECT split_part(trim(both '()' from t::text), ',', 1) AS key FROM ${table} AS t WHERE ${predicate.replaceAll(':org', "'acme'")} ORDER BY 1`)
    expect(rows.map(({ key }) => key), `${table}: ${predicate}`).toEqual(mine[table as keyof typeof mine])
  }
  const moved = await cells.app.move({ org: 'acme', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.verification.verdict]).toEqual([null, 'equal'])
  for (const [table, keys] of Object.entries(mine)) {
    const rows = await b.query<{ key: string }>(`SELECT split_part(trim(both '()' from t::text), ',', 1) AS key FROM ${table} AS t ORDER BY 1`)
    expect(rows.map(({ key }) => key), table).toEqual(keys)
  }
  expect(await b.query('SELECT code FROM codes ORDER BY 1')).toEqual([{ code: 'X' }, { code: 'x' }])
  expect(await b.query('SELECT nick FROM people')).toEqual([{ nick: 'Ann' }])
  expect(await b.query('SELECT kind FROM kinds ORDER BY label')).toEqual([{ kind: 'visitor' }, { kind: 'Owner' }])
  expect(await b.query('SELECT id, kind FROM uses ORDER BY id')).toEqual([{ id: '1', kind: 'visitor' }, { id: '2', kind: 'visitor' }, { id: '4', kind: 'Owner' }])
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect(purged.error).toBeNull()
  expect(await a.query('SELECT id FROM notes UNION ALL SELECT id FROM tags UNION ALL SELECT id FROM marks UNION ALL SELECT id FROM uses ORDER BY 1')).toEqual([{ id: '2' }, { id: '2' }, { id: '2' }, { id: '3' }])
  expect(await a.query('SELECT code FROM exact')).toEqual([{ code: 'A' }])
})

test.skipIf(process.env['ORG_MOVER_TEST_PG_VERSION'] === '18')('P4: references of another spelling to a neighbour, from rows that stay, and keys that only the index calls equal', async () => {
  const both = `${CASELESS}; CREATE TABLE names (name text COLLATE caseless PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations); ALTER TABLE issues ADD name text REFERENCES names; CREATE TABLE pins (id bigint PRIMARY KEY, name text REFERENCES names);
    CREATE UNIQUE INDEX by_title ON issues (title COLLATE caseless)`
  const { lines, changes } = await found({
    both,
    source: `INSERT INTO names VALUES ('Mine', 1), ('Theirs', 2); UPDATE issues SET name = 'THEIRS' WHERE id = 111; UPDATE issues SET name = 'mINE' WHERE id = 112; INSERT INTO pins VALUES (1, 'MINE'), (2, 'theirs')`,
    target: `INSERT INTO issues VALUES (912, 91, 'B')`,
    tenancy: { tables: { 'public.pins': { exempt: 'skip' } } },
  })
  expect(lines.toSorted()).toEqual(['OM2104 error cell-a issues 1', 'OM2106 error cell-b issues 1', 'OM2115 warning cell-a pins 1'])
  expect(changes).toEqual([])
})
