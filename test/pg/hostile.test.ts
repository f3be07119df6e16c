import { escapeIdentifier, escapeLiteral } from 'pg'
import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsOptions } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'

interface Hostile {
  readonly org?: string
  /** The type of an organization's id. */
  readonly type?: string
  /** After the organizations are there; `source` on the source alone. */
  readonly both?: string
  readonly source?: string
  readonly tenancy?: Readonly<Record<string, unknown>>
  readonly root?: string
  readonly config?: CellsOptions['config']
}

const PINNED = `SET TimeZone = 'UTC'; SET extra_float_digits = 1`

/** Every row of every table of the application, as text. */
async function rowsOf(database: TestDatabase): Promise<readonly string[]> {
  const tables = await database.query<{ name: string; label: string }>(`SELECT c.oid::regclass::text AS name, c.relname AS label FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')`)
  await database.query(PINNED)
  const found: string[] = []
  for (const { name, label } of tables) {
    const rows = await database.query<{ row: string }>(`SELECT md5(t::text) AS row FROM ${name} AS t`)
    found.push(...rows.map(({ row }) => `${label} ${row}`))
  }
  return found.toSorted()
}

/** Plan, move and purge: the rows are on the target, byte for byte, and gone from the source; a neighbour's stay on both. */
async function movesWhole({ org = '1', type = 'bigint', both = '', source = '', tenancy = {}, root = 'organizations', config = {} }: Hostile): Promise<void> {
  const [mine, hers, theirs] = type === 'bigint' ? [org, '2', '9'] : [org, `${org}2`, `${org}9`]
  const id = escapeLiteral
  await using cells = await cellsInProcess({
    databases: ['main'],
    orgs: [mine],
    setUp: (cell) => [`CREATE TABLE ${escapeIdentifier(root)} (id ${type} PRIMARY KEY)`, cell === 'a' ? `INSERT INTO ${escapeIdentifier(root)} VALUES (${id(mine)}), (${id(hers)})` : `INSERT INTO ${escapeIdentifier(root)} VALUES (${id(theirs)})`, both, cell === 'a' ? source : ''].join(';\n'),
    config: { tenancy: { root: `public.${root}`, ...tenancy }, sequences: 'check', copy: { jobs: 2, chunk_rows: 3 }, ...config },
  })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  if (a === undefined || b === undefined) throw new RangeError('no main database')
  const before = [await rowsOf(a), await rowsOf(b)].flat().toSorted()
  const plan = await cells.app.plan({ org: mine, to: 'cell-b' })
  expect(plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`)).toEqual([])
  const moved = await cells.app.move({ org: mine, to: 'cell-b' }, cells.io)
  expect([moved.error, moved.verification.verdict]).toEqual([null, 'equal'])
  expect(moved.verification.rows).toBe(plan.totals.rows)
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect([purged.error, purged.state]).toEqual([null, 'completed'])
  expect([await rowsOf(a), await rowsOf(b)].flat().toSorted()).toEqual(before)
  const left = await a.query(`SELECT 1 FROM ${escapeIdentifier(root)} WHERE id = $1`, [mine])
  expect(left).toEqual([])
}

/** A table of the organizations, one of it, and rows of both. */
function owned(table: string, columns: readonly string[], org = `'1'`, type = 'bigint'): { readonly both: string; readonly source: string } {
  const name = escapeIdentifier(table)
  return {
    both: `CREATE TABLE ${name} (id bigint PRIMARY KEY, organization_id ${type} NOT NULL REFERENCES organizations${columns.map((column) => `, ${escapeIdentifier(column)} text`).join('')})`,
    source: `INSERT INTO ${name} SELECT i, ${org}${columns.map((_, n) => `, 'value ' || i * ${n + 1}`).join('')} FROM generate_series(1, 7) AS i`,
  }
}

const HARD = ['"', `'`, `a'b"c`, '$$', '$tag$', '{{where}}', '{{key}}', '$1', '$&', ':org', '%s', '%I', '\\', `\\'; DROP TABLE organizations; --`, 'a\nb', 'a\tb', ' ', 'ünïcode 組織', '👩‍👩‍👧', 'select', 'ORDER', '__proto__', 'constructor', 'toString', '/*', '*/', '--', '.', 'a.b', '[0]', '#', '?', '\u200b', `${'長'.repeat(21)}`, 'x'.repeat(63)]
/** Names that the mover's own statements use. */
const OURS = ['n', 'side', 'u', 'had', 'value', 'leaf', 't', 'k', 'p', 'c1', 'k1', 'x', 's', 'f1', 'm', 'r', 'l', 'keys', 'digest', 'row', 'rows', 'numbered', 'arriving', 'o_id', 'n_id', 'ctid_', 'org_mover secrets differ', 'org', 'key', 'columns', 'chunk_no', 'pass', 'NEW', 'OLD', 'new', 'old', 'total', 'position', 'a', 'b']

test('P1: tables and columns of any name', { timeout: 300_000 }, async () => {
  const named = HARD.map((name) => owned(name, HARD.filter((_, n) => n % 5 === name.length % 5)))
  await movesWhole({ both: named.map(({ both }) => both).join(';\n'), source: named.map(({ source }) => source).join(';\n') })
})

test("P1: columns and tables that are called what the mover's own statements call theirs", { timeout: 300_000 }, async () => {
  const named = [owned('everything', OURS), ...OURS.map((name) => owned(name, ['t', 'k', name === 't' ? 'x' : name].filter((column, n, all) => all.indexOf(column) === n)))]
  const keyed = OURS.map((name) => `CREATE TABLE ${escapeIdentifier(`by ${name}`)} (${escapeIdentifier(name)} text, ${escapeIdentifier(`${name}2`)} text, organization_id bigint REFERENCES organizations NOT NULL, PRIMARY KEY (${escapeIdentifier(name)}, ${escapeIdentifier(`${name}2`)}))`)
  const children = OURS.map((name) => `CREATE TABLE ${escapeIdentifier(`of ${name}`)} (id bigint PRIMARY KEY, ${escapeIdentifier(name)} bigint NOT NULL REFERENCES everything)`)
  const rows = OURS.flatMap((name) => [`INSERT INTO ${escapeIdentifier(`by ${name}`)} SELECT 'k' || i, 'l', 1 FROM generate_series(1, 7) AS i`, `INSERT INTO ${escapeIdentifier(`of ${name}`)} SELECT i, i FROM generate_series(1, 7) AS i`])
  // one table whose ids are others on the target, as well
  const natural = ['side', 'row', 'key', 'n']
  const lookup = `CREATE TABLE kinds (id bigint PRIMARY KEY, ${natural.map((name) => `"${name}" text NOT NULL`).join(', ')}, UNIQUE (side, "row", "key")); CREATE TABLE of_kinds (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, kind_id bigint REFERENCES kinds); INSERT INTO kinds VALUES (5, 'a', 'b', 'c', 'd'), (6, 'a', 'b', 'd', 'd')`
  await movesWhole({
    both: [...named.map(({ both }) => both), ...keyed, ...children, lookup].join(';\n'),
    source: [...named.map(({ source }) => source), ...rows, 'INSERT INTO of_kinds SELECT i, 1, 5 + i % 2 FROM generate_series(1, 7) AS i'].join(';\n'),
    tenancy: { tables: { 'public.kinds': { exempt: 'lookup', match_by: ['side', 'row', 'key'] } } },
  })
})

test.each([
  ['SQL', `1'; DROP TABLE organizations; --`],
  ['a parameter', ':org'],
  ['places of the mover', '{{where}} $1 $& %s'],
  ['quotes and backslashes', `a'b"c\\d\\'e`],
  ['lines', 'a\nb\r\nc\td'],
  ['dollars', '$$; SELECT 1; $$'],
  ['a thousand characters', 'x'.repeat(1000)],
  ['signs of other scripts', '組織 👩‍👩‍👧 \u202e'],
  ['blanks', '  '],
  ['a prototype', '__proto__'],
])('P2: an organization whose id is %s', async (_, org) => {
  const { both, source } = owned('notes', ['body'], escapeLiteral(org), 'text')
  await movesWhole({
    org,
    type: 'text',
    both: `${both}; CREATE TABLE parts (id bigint PRIMARY KEY, note_id bigint NOT NULL REFERENCES notes); CREATE TABLE declared (id bigint PRIMARY KEY, o text)`,
    source: `${source}; INSERT INTO parts SELECT i, i FROM generate_series(1, 7) AS i; INSERT INTO declared VALUES (1, ${escapeLiteral(org)}), (2, ':org')`,
    tenancy: { tables: { 'public.declared': { exempt: 'query', where: `t.o = :org AND ':org' <> '' AND t.id < 2` } } },
  })
})

test('P1: tables of odd shapes: without rows, without columns of their own, with columns all but dropped, and as wide as a table can be', { timeout: 300_000 }, async () => {
  const wide = Array.from({ length: 1598 }, (_, n) => `c${n} boolean`)
  await movesWhole({
    both: [
      'CREATE TABLE nothing ()',
      'CREATE TABLE hollow (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations)',
      `CREATE TABLE shrunk (gone text, gone2 text, organization_id bigint NOT NULL REFERENCES organizations, gone3 integer); ALTER TABLE shrunk DROP gone, DROP gone2, DROP gone3`,
      `CREATE TABLE generated (organization_id bigint PRIMARY KEY REFERENCES organizations, twice bigint GENERATED ALWAYS AS (organization_id * 2) STORED, text text GENERATED ALWAYS AS ('x') STORED)`,
      `CREATE TABLE wide (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, ${wide.join(', ')})`,
    ].join(';\n'),
    source: 'INSERT INTO shrunk VALUES (1), (1), (1); INSERT INTO generated VALUES (1), (2); INSERT INTO wide (id, organization_id, c0, c1597) VALUES (1, 1, true, false), (2, 1, NULL, true), (3, 2, true, true)',
    tenancy: { tables: { 'public.nothing': { exempt: 'skip' } } },
  })
})

test('P1: keys and values at the ends of their types, under indexes of every kind', { timeout: 300_000 }, async () => {
  await movesWhole({
    both: [
      `CREATE TABLE times (at timestamptz, day date, organization_id bigint NOT NULL REFERENCES organizations, PRIMARY KEY (at, day))`,
      `CREATE TABLE amounts (n numeric PRIMARY KEY, f float8 UNIQUE, organization_id bigint NOT NULL REFERENCES organizations)`,
      `CREATE TABLE lists (l text[] PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, n int[])`,
      `CREATE TABLE indexed (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, name text, state text, during int4range, EXCLUDE USING gist (during WITH &&))`,
      `CREATE UNIQUE INDEX ON indexed (lower(name)) WHERE state <> 'gone'; CREATE UNIQUE INDEX ON indexed ((name || 'x'), (id % 1000000)) NULLS NOT DISTINCT; CREATE UNIQUE INDEX ON indexed (id DESC NULLS LAST) INCLUDE (name) WHERE id IS NOT NULL`,
    ].join(';\n'),
    source: [
      `INSERT INTO times SELECT at::timestamptz, day::date, 1 FROM unnest(ARRAY['infinity', '-infinity', '0044-03-15 12:00 BC', '294276-12-31 23:59:59.999999+00', '4713-01-01 00:00+00 BC', '12024-01-01']) AS at, unnest(ARRAY['infinity', '-infinity', '5874897-12-31', '0001-01-01 BC']) AS day`,
      `INSERT INTO amounts VALUES ('NaN', 'NaN', 1), ('Infinity', 'Infinity', 1), ('-Infinity', '-Infinity', 1), (0.00, '-0', 1), (1e-300, 5e-324, 1), (1e300, 1.7976931348623157e308, 1)`,
      `INSERT INTO lists VALUES ('{}', 1, '[0:1]={1,2}'), ('{NULL}', 1, '[-5:-4][2:2]={{1},{2}}'), ('{"NULL"}', 1, NULL), ('[2:3]={a,b}', 1, '{}'), ('{a,b}', 1, NULL), ('{{a},{b}}', 1, NULL), ('{"a,b","\\"","\\\\"}', 1, NULL)`,
      `INSERT INTO indexed VALUES (1, 1, 'A', 'gone', '[1,2)'), (2, 1, 'a', 'here', '[2,3)'), (3, 2, 'b', NULL, 'empty'), (4, 1, NULL, NULL, NULL)`,
    ].join(';\n'),
  })
})

test('P1, P10: a chain of sixty tables and a table of two hundred partitions', { timeout: 300_000 }, async () => {
  const chain = Array.from({ length: 60 }, (_, n) => `CREATE TABLE link_${n} (id bigint PRIMARY KEY, ${n === 0 ? 'organization_id bigint NOT NULL REFERENCES organizations' : `up bigint NOT NULL REFERENCES link_${n - 1}`})`)
  const rows = Array.from({ length: 60 }, (_, n) => `INSERT INTO link_${n} VALUES (1, 1), (2, ${n === 0 ? 1 : 2}), (3, ${n === 0 ? 2 : 3})`)
  const partitions = Array.from({ length: 200 }, (_, n) => `CREATE TABLE part_${n} PARTITION OF parted FOR VALUES IN (${n})`)
  await movesWhole({
    both: [...chain, 'CREATE TABLE parted (id bigint, n integer, organization_id bigint NOT NULL REFERENCES organizations, PRIMARY KEY (id, n)) PARTITION BY LIST (n)', ...partitions].join(';\n'),
    source: [...rows, 'INSERT INTO parted SELECT i, i % 200, 1 + i % 2 FROM generate_series(1, 400) AS i'].join(';\n'),
    config: { copy: { jobs: 2, chunk_rows: 50 } },
  })
})

test('P1: tables that inherit from one another without being partitions hold rows of their own, under the same keys', { timeout: 300_000 }, async () => {
  await movesWhole({
    both: `CREATE TABLE events (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text);
      CREATE TABLE special_events (extra int, PRIMARY KEY (id)) INHERITS (events); CREATE TABLE odd_events () INHERITS (special_events)`,
    source: `INSERT INTO events SELECT i, 1 + i % 2, 'plain' FROM generate_series(1, 8) AS i; INSERT INTO special_events SELECT i, 1 + i / 4, 'special', i FROM generate_series(1, 7) AS i;
      INSERT INTO odd_events SELECT i, 1 + i / 5, 'odd', i FROM generate_series(1, 9) AS i`,
  })
})

const SMALL = 'CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text)'
const setUp = (cell: 'a' | 'b'): string => `${SMALL}; ${cell === 'a' ? `INSERT INTO organizations VALUES (1), (2); INSERT INTO notes VALUES (1, 1, 'x')` : ''}`

test.each([
  [{ a: 'SQL_ASCII', b: 'SQL_ASCII' } as const, 'SQL_ASCII'],
  [{ a: 'LATIN1', b: undefined } as const, 'LATIN1'],
])('P1: bytes of no known encoding, or of another on the target, are stopped before anything moves (%j)', async (encoding, named) => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], encoding, setUp: (cell) => `${setUp(cell)}; ${cell === 'a' ? `INSERT INTO notes VALUES (2, 1, E'caf\\351')` : ''}`, config: {} })
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error?.code, moved.state]).toEqual(['OM2007', 'aborted'])
  expect(moved.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => [code, message.includes(named)])).toEqual([['OM2012', true]])
})

test('P1: LATIN1 on both sides moves byte for byte', async () => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], encoding: { a: 'LATIN1', b: 'LATIN1' }, setUp: (cell) => `${setUp(cell)}; ${cell === 'a' ? `INSERT INTO notes VALUES (2, 1, E'caf\\351')` : ''}`, config: {} })
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.verification.verdict]).toEqual([null, 'equal'])
  expect(await cells.databases.b.get('main')?.query(`SELECT octet_length(body) AS bytes, body FROM notes WHERE id = 2`)).toEqual([{ bytes: 4, body: 'café' }])
})

test("P2: what stands already in a schema of the mover's name, and under the names of its tables, stays as it was", async () => {
  const foreign = `CREATE SCHEMA org_mover; CREATE TABLE org_mover.mine (id int); INSERT INTO org_mover.mine VALUES (1)`
  const namesakes = ['guard', 'ledger', 'ledger_keys', 'route', 'move', 'chunk'].map((name) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, move_id uuid, epoch bigint); INSERT INTO ${name} SELECT o.id, o.id FROM organizations AS o`)
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => [setUp(cell), foreign, ...namesakes].join(';'), config: { tenancy: { schemas: ['public'] }, sequences: 'check' } })
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.findings.filter(({ severity }) => severity === 'error'), moved.verification.verdict]).toEqual([null, [], 'equal'])
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect([purged.error, purged.state]).toEqual([null, 'completed'])
  for (const cell of ['a', 'b'] as const) {
    const left = await cells.databases[cell].get('main')?.query(`SELECT relname FROM pg_class WHERE relnamespace = 'org_mover'::regnamespace AND relkind = 'r'`)
    expect(left).toEqual([{ relname: 'mine' }])
    expect(await cells.databases[cell].get('main')?.query('SELECT id FROM ledger')).toEqual([{ id: cell === 'a' ? '2' : '1' }])
  }
})

test.each([
  ['trigger', 'CREATE TRIGGER counts AFTER DELETE ON notes FOR EACH ROW EXECUTE FUNCTION uncount()', 'TRIGGER'],
  ['statement trigger of a partition', 'CREATE TRIGGER counts AFTER DELETE ON parted_1 FOR EACH STATEMENT EXECUTE FUNCTION uncount()', 'TRIGGER'],
  ['rule', 'CREATE RULE counts AS ON DELETE TO notes DO ALSO UPDATE counters SET n = n - 1', 'RULE'],
])('P2, P9: a purge refuses where a %s of the source would fire for each row in the replica role as well', async (_, create, kind) => {
  const table = create.includes('parted_1') ? 'parted_1' : 'notes'
  const more = `CREATE TABLE parted (id bigint, organization_id bigint NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE counters (n int)`
  await using cells = await cellsInProcess({
    databases: ['main'],
    orgs: ['1'],
    setUp: (cell) => `${setUp(cell)}; ${more}; ${cell === 'a' ? `INSERT INTO counters VALUES (7); INSERT INTO parted VALUES (1, 1); CREATE FUNCTION uncount() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE public.counters SET n = n - 1; RETURN NULL; END $$; ${create}; ALTER TABLE ${table} ENABLE ALWAYS ${kind} counts` : ''}`,
    config: { tenancy: { tables: { 'public.counters': { exempt: 'skip' } } } },
  })
  const a = cells.databases.a.get('main')
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.verification.verdict, moved.findings.map(({ code, severity }) => [code, severity])]).toEqual([null, 'equal', [['OM2117', 'warning']]])
  const refused = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect([refused.error?.code, await a?.query('SELECT (SELECT count(*)::int FROM notes) AS notes, n FROM counters')]).toEqual(['OM6005', [{ notes: 1, n: 7 }]])
  await a?.query(`ALTER TABLE ${table} ENABLE ${kind} counts`)
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect([purged.error, await a?.query('SELECT (SELECT count(*)::int FROM notes) AS notes, n FROM counters')]).toEqual([null, [{ notes: 0, n: 7 }]])
})

test.each([
  ['ALTER TABLE notes DROP body', 'column body of public.notes is gone', 'OM6002'],
  ['ALTER TABLE notes RENAME TO remarks', 'table public.notes is gone', 'OM6002'],
  ['CREATE TABLE later (id bigint PRIMARY KEY, organization_id bigint NOT NULL); INSERT INTO later VALUES (1, 1), (2, 2)', 'public.later was created since, and holds 1 row(s)', 'OM6002'],
  ['CREATE TABLE later (id bigint PRIMARY KEY, note_id bigint NOT NULL REFERENCES notes ON DELETE CASCADE); INSERT INTO later VALUES (1, 1)', 'public.later that stay', 'OM6003'],
])('P9: a migration while the source is retained is told, and nothing that it made unsure is deleted: %s', async (migration, told, code) => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp, config: {} })
  const a = cells.databases.a.get('main')
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  await a?.query(migration)
  if (code === 'OM6002') expect(await cells.app.verify(moved.moveId ?? '', cells.io)).toMatchObject({ error: { code: 'OM4001', message: expect.stringContaining(told) } })
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect(purged.error).toMatchObject({ code, message: expect.stringContaining(told), hint: expect.stringContaining('org-mover purge') })
  expect(await a?.query(`SELECT id FROM ${migration.includes('remarks') ? 'remarks' : 'notes'}`)).toEqual([{ id: '1' }])
})

test('P9: columns, indexes and tables that a migration adds while the source is retained stop no purge', async () => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp, config: {} })
  const a = cells.databases.a.get('main')
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  await a?.query(`ALTER TABLE notes ADD more int DEFAULT 5; CREATE INDEX ON notes (body); CREATE TABLE later (id bigint PRIMARY KEY, organization_id bigint NOT NULL, note_id bigint REFERENCES notes); INSERT INTO later VALUES (2, 2, NULL)`)
  const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
  expect([purged.error, purged.state, await a?.query('SELECT id FROM notes'), await a?.query('SELECT id FROM later')]).toEqual([null, 'completed', [], [{ id: '2' }]])
})

test("P2, P5: an abort does not cut a neighbour's reference to a row that was loaded: it says so, and ends when that is put right", async () => {
  const links = 'CREATE TABLE links (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, note_id bigint REFERENCES notes)'
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${setUp(cell)}; ${links}; ${cell === 'a' ? 'INSERT INTO links VALUES (5, 1, 1)' : 'INSERT INTO organizations VALUES (9)'}`, config: {} })
  const b = cells.databases.b.get('main')
  const moved = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
  expect([moved.error, moved.state]).toEqual([null, 'paused'])
  await b?.query('INSERT INTO links VALUES (90, 9, 1)')
  const stopped = await cells.app.abort(moved.moveId ?? '', cells.io)
  expect(stopped).toMatchObject({ state: 'aborting', error: { code: 'OM2115', message: expect.stringContaining('1 row(s) of public.links'), hint: expect.stringContaining('org-mover abort') } })
  expect(await b?.query('SELECT l.id FROM links AS l JOIN notes AS n ON n.id = l.note_id WHERE l.organization_id = 9')).toEqual([{ id: '90' }])
  await b?.query('UPDATE links SET note_id = NULL WHERE id = 90')
  const aborted = await cells.app.abort(moved.moveId ?? '', cells.io)
  expect([aborted.error, aborted.state, await b?.query('SELECT id FROM notes'), await b?.query('SELECT id, note_id FROM links')]).toEqual([null, 'aborted', [], [{ id: '90', note_id: null }]])
})

test.each([
  ['with a key', 'id bigint PRIMARY KEY'],
  ['without one', 'id bigint NOT NULL'],
])("P2, P5: nor a neighbour's reference out of a `query` table %s, and what was loaded of that table itself is in nobody's way", async (_, id) => {
  // both are told by predicates that read rows of notes; marks refer to one another as well
  const both = `CREATE TABLE pins (${id}, author_id bigint NOT NULL, note_id bigint NOT NULL REFERENCES notes); CREATE TABLE marks (id bigint PRIMARY KEY, author_id bigint NOT NULL, mark_id bigint REFERENCES marks, note_id bigint NOT NULL REFERENCES notes)`
  const rows = (cell: string) => (cell === 'a' ? 'INSERT INTO pins VALUES (5, 1, 1); INSERT INTO marks VALUES (6, 1, NULL, 1), (7, 1, 6, 1), (8, 1, 7, 1)' : 'INSERT INTO organizations VALUES (9); INSERT INTO notes VALUES (90, 9)')
  const where = 't.author_id IN (SELECT n.id FROM public.notes AS n WHERE n.organization_id = :org)'
  await using cells = await cellsInProcess({
    databases: ['main'],
    orgs: ['1'],
    setUp: (cell) => `${setUp(cell)}; ${both}; ${rows(cell)}`,
    config: { copy: { jobs: 1, chunk_rows: 1 }, tenancy: { tables: { 'public.pins': { exempt: 'query', where }, 'public.marks': { exempt: 'query', where } } } },
  })
  const b = cells.databases.b.get('main')
  const moved = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
  expect([moved.error, moved.state]).toEqual([null, 'paused'])
  await b?.query('INSERT INTO pins VALUES (95, 90, 1); INSERT INTO marks VALUES (96, 90, 8, 90), (97, 90, NULL, 1)')
  const stopped = async (row: string, remedy: string) => {
    const abort = await cells.app.abort(moved.moveId ?? '', cells.io)
    expect(abort, row).toMatchObject({ state: 'aborting', error: { code: 'OM2115', message: expect.stringMatching(new RegExp(`1 row\\(s\\) of public.${row} `)) } })
    await b?.query(remedy)
  }
  await stopped('marks', 'UPDATE marks SET mark_id = NULL WHERE id = 96')
  for (const remedy of ['UPDATE pins SET note_id = 90 WHERE id = 95', 'UPDATE marks SET note_id = 90 WHERE id = 97']) await stopped('(pins|marks)', remedy)
  const aborted = await cells.app.abort(moved.moveId ?? '', cells.io)
  expect([aborted.error, aborted.state]).toEqual([null, 'aborted'])
  expect(await b?.query('SELECT id FROM notes')).toEqual([{ id: '90' }])
  expect(await b?.query('SELECT id, note_id FROM pins')).toEqual([{ id: '95', note_id: '90' }])
  expect(await b?.query('SELECT id FROM marks ORDER BY 1')).toEqual([{ id: '96' }, { id: '97' }])
})

test('OM4004: a trigger that drops rows as they come in, made while the move rests, stops the copy with nothing of it stored', async () => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp, config: {} })
  const b = cells.databases.b.get('main')
  const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
  expect([rested.error, rested.state]).toEqual([null, 'paused'])
  await b?.query(`CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER swallows BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION swallow(); ALTER TABLE notes ENABLE ALWAYS TRIGGER swallows`)
  const stopped = await cells.app.resume(rested.moveId ?? '', cells.io)
  expect([stopped.error?.code, stopped.state, await b?.query('SELECT id FROM notes')]).toEqual(['OM4004', 'failed', []])
  expect(stopped.error?.message).toMatch(/sent 1 rows, cell-b.main stored 0/)
  await b?.query('DROP TRIGGER swallows ON notes')
  expect(await cells.app.resume(rested.moveId ?? '', cells.io)).toMatchObject({ error: null, state: 'cut_over', verification: { verdict: 'equal' } })
})
