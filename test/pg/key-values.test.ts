import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import { found } from '../support/found.js'
import { until } from '../support/until.js'

const SPELLED = `'01', ' 1', '+1', '1 ', E'1\\n', '0001', '-1', '10', '1.0', 'one', '', NULL, '1', '2'`
const rows = (table: string) => `INSERT INTO ${table} SELECT n, v FROM unnest(ARRAY[${SPELLED}]) WITH ORDINALITY AS u (v, n)`

test('OM2134: rows that hold the organization in another spelling, whatever the text type, with and without an index; ids of nobody are a warning', async () => {
  const both = `CREATE EXTENSION citext; CREATE DOMAIN short AS varchar(20) CHECK (length(VALUE) < 15);
    CREATE TABLE texts (id bigint PRIMARY KEY, organization_id text); CREATE INDEX ON texts (organization_id);
    CREATE TABLE varchars (id bigint PRIMARY KEY, organization_id varchar(20)); CREATE TABLE citexts (id bigint PRIMARY KEY, organization_id citext); CREATE INDEX ON citexts (organization_id);
    CREATE TABLE domains (id bigint PRIMARY KEY, organization_id short); CREATE TABLE padded (id bigint PRIMARY KEY, organization_id char(6));
    CREATE TABLE numbers (id bigint PRIMARY KEY, organization_id int); CREATE TABLE held (id bigint PRIMARY KEY, organization_id bigint REFERENCES organizations)`
  const tables = ['texts', 'varchars', 'citexts', 'domains', 'padded']
  const source = `${tables.map(rows).join(';')}; INSERT INTO numbers VALUES (1, 1), (2, 999), (3, 999), (4, 2)`
  const { plan, of, changes } = await found({ both, source, tenancy: { unowned: 'stay' } })
  const spelled = plan.findings.filter(({ code }) => code === 'OM2134').map(({ table, severity, count }) => [table, severity, count])
  // a char(6) has no trailing blanks
  expect(spelled.toSorted()).toEqual(tables.toSorted().map((table) => [table, 'error', table === 'padded' ? 5 : 6]))
  expect(of('OM2134')).toMatchObject({ message: expect.stringContaining('in another spelling'), hint: expect.stringContaining('exempt: query') })
  expect(of('OM2134').examples[0]).toHaveProperty('id')
  const unnamed = plan.findings.filter(({ code }) => code === 'OM2103').map(({ table, severity, count, examples }) => [table, severity, count, examples.map((one) => one['organization_id']).toSorted()])
  expect(unnamed.toSorted()).toEqual([...tables.map((table) => [table, 'warning', 5, ['', '-1', '1.0', '10', 'one']]), ['numbers', 'warning', 1, ['999']]].toSorted())
  expect(changes).toEqual([])
})

const ACME = '0a1b2c3d-0000-4000-8000-00000000aaaa'

test('OM2134: a uuid in upper case, in braces or without hyphens, beside a root in another database of the cell', async () => {
  const spellings = [ACME, ACME.toUpperCase(), `{${ACME}}`, ACME.replaceAll('-', ''), ` ${ACME}`, ACME.slice(1), '0a1b2c3d-0000-4000-8000-00000000bbbb', 'ffffffff-0000-4000-8000-00000000bbbb']
  const values = spellings.map((value, n) => `(${n}, '${value}')`).join(', ')
  await using cells = await cellsInProcess({
    databases: ['main', 'ci'],
    orgs: [ACME],
    setUp: (cell, database) => `CREATE TABLE ${database === 'main' ? 'organizations (id uuid PRIMARY KEY)' : 'builds (id bigint PRIMARY KEY, organization_id varchar)'};
      ${cell === 'b' ? '' : database === 'main' ? `INSERT INTO organizations VALUES ('${ACME}'), ('0a1b2c3d-0000-4000-8000-00000000bbbb')` : `INSERT INTO builds VALUES ${values}`}`,
    config: { tenancy: {} },
  })
  const { findings } = await cells.app.plan({ org: ACME, to: 'cell-b' })
  expect(findings.map(({ code, severity, database, table, count }) => [code, severity, database, table, count])).toEqual([
    ['OM2134', 'error', 'ci', 'builds', 4],
    ['OM2103', 'warning', 'ci', 'builds', 2],
  ])
  expect(findings[1]?.examples.map((one) => one['organization_id']).toSorted()).toEqual([ACME.slice(1), 'ffffffff-0000-4000-8000-00000000bbbb'])
})

test('OM2134, P10: where an index has the column, only the distinct values are read, by look-ups, of each partition and past any number of them', async () => {
  const schema = `CREATE TABLE organizations (id bigint PRIMARY KEY);
    CREATE TABLE logs (id bigint, organization_id text NOT NULL, filler text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (2501); CREATE TABLE logs_2 PARTITION OF logs DEFAULT; CREATE INDEX ON logs (organization_id)`
  const filled = `INSERT INTO organizations SELECT n FROM generate_series(1, 10600) AS n;
    INSERT INTO logs SELECT n, (1 + (n - 1) / 5)::text, repeat('x', 200) FROM generate_series(1, 53000) AS n; UPDATE logs SET organization_id = '9999 ' WHERE id IN (49991, 49992); ANALYZE`
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['9999'], setUp: (cell) => `${schema}; ${cell === 'a' ? filled : ''}`, config: {} })
  const a = cells.databases.a.get('main')
  if (a === undefined) throw new RangeError('no main database')
  await a.query('VACUUM ANALYZE logs')
  const reads = async (): Promise<{ looked: number; scanned: number }> => {
    const [row] = await a.query<{ looked: string; scanned: string }>(`SELECT sum(idx_scan) AS looked, sum(seq_tup_read) AS scanned FROM pg_stat_user_tables WHERE relname LIKE 'logs\\__'`)
    return { looked: Number(row?.looked), scanned: Number(row?.scanned) }
  }
  const before = await reads()
  const { findings } = await cells.app.plan({ org: '9999', to: 'cell-b' })
  expect(findings.map(({ code, severity, count, examples }) => [code, severity, count, examples])).toEqual([['OM2134', 'error', 2, [{ id: '49991' }, { id: '49992' }]]])
  await until('the statistics of the sessions have come in', async () => (await reads()).looked - before.looked > 10_500)
  const after = await reads()
  // one look-up a value, in the one partition that has it
  expect([after.looked - before.looked < 12_000, after.scanned - before.scanned]).toEqual([true, 0])
})

test('OM2134: ids that are text in the root table: another spelling is another organization where it is one, and no key of a number can tell them apart', async () => {
  const setUp = (cell: string): string => `CREATE TABLE organizations (id text PRIMARY KEY); CREATE TABLE notes (id bigint PRIMARY KEY, organization_id text); CREATE TABLE counts (id bigint PRIMARY KEY, organization_id int);
    ${cell === 'a' ? `INSERT INTO organizations VALUES ('1'), ('01'), ('2'), ('02'); INSERT INTO notes VALUES (1, '1'), (2, '01'), (3, '001'), (4, '2'); INSERT INTO counts VALUES (1, 1), (2, 2)` : ''}`
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp, config: {} })
  const { findings } = await cells.app.plan({ org: '1', to: 'cell-b' })
  expect(findings.map(({ code, severity, table, count, examples }) => [code, severity, table, count, examples])).toEqual([
    ['OM2134', 'error', 'notes', 1, [{ id: '3' }]],
    ['OM2134', 'error', 'organizations', 1, [{ id: '01' }]],
  ])
})

test('OM2134: without a table of organizations a number elsewhere decides; where all are text, one spelling may be another organization, so it is a warning', async () => {
  const notes = 'CREATE TABLE notes (id bigint PRIMARY KEY, organization_id text)'
  const rows = `INSERT INTO notes VALUES (1, '1'), (2, '01')`
  for (const [more, severity] of [['', 'warning'], ['; CREATE TABLE counts (id bigint PRIMARY KEY, organization_id bigint)', 'error']] as const) {
    await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${notes}${more}; ${cell === 'a' ? rows : ''}`, config: { tenancy: { root: null } } })
    const { findings } = await cells.app.plan({ org: '1', to: 'cell-b' })
    expect(findings.map((one) => [one.code, one.severity, one.count])).toEqual([['OM2134', severity, 1]])
  }
})

test('OM2102: a key column that does not accept the id of the organization, or that no operator compares with its parent', async () => {
  const both = `CREATE EXTENSION citext; CREATE DOMAIN high AS bigint CHECK (VALUE > 5); CREATE TABLE notes (id bigint PRIMARY KEY, organization_id high);
    CREATE TABLE names (name text PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations); CREATE TABLE marks (id bigint PRIMARY KEY, name citext NOT NULL REFERENCES names)`
  const { lines, changes } = await found({ both })
  expect(lines).toEqual(['OM2102 error cell-a marks -', 'OM2102 error cell-a notes -'])
  expect(changes).toEqual([])
})

test('OM2134, P4: a row that came in another spelling since prepare is found under the freeze, of an indexed column and of one without; corrected, a new move takes it along', async () => {
  const schema = `CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE notes (id bigint PRIMARY KEY, organization_id text); CREATE TABLE marks (id bigint PRIMARY KEY, organization_id varchar); CREATE INDEX ON notes (organization_id)`
  for (const table of ['notes', 'marks']) {
    await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${schema}; ${cell === 'a' ? `INSERT INTO organizations VALUES (1), (2); INSERT INTO notes VALUES (1, '1'), (2, '2'); INSERT INTO marks VALUES (1, '1'), (2, '2')` : ''}`, config: {} })
    const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
    const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'freeze' }, cells.io)
    expect([paused.error, paused.state]).toEqual([null, 'paused'])
    await a?.query(`INSERT INTO ${table} VALUES (7, '01'), (8, '02')`)
    const stopped = await cells.app.resume(paused.moveId ?? '', cells.io)
    expect([stopped.error?.code, stopped.state, stopped.phase]).toEqual(['OM4003', 'failed', 'freeze'])
    expect(stopped.error?.message).toMatch(new RegExp(`^since prepare: 1 row\\(s\\) of public\\.${table} hold organization 1 in organization_id .* in another spelling \\("01"\\).* \\(7\\)`))
    expect((await cells.app.abort(paused.moveId ?? '', cells.io)).state).toBe('aborted')
    await a?.query(`UPDATE ${table} SET organization_id = '1' WHERE id = 7`)
    const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect([moved.error, moved.state]).toEqual([null, 'cut_over'])
    expect(await b?.query(`SELECT id::int FROM ${table} ORDER BY 1`)).toEqual([{ id: 1 }, { id: 7 }])
  }
})
