import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctor } from '../../src/move/doctor.js'
import { installControlSchema } from '../../src/move/control-schema.js'
import { Session } from '../../src/postgres/session.js'
import { freshControl } from '../support/control.js'
import type { ControlDatabase } from '../support/control.js'
import { freshDatabase } from '../support/database.js'
import type { TestDatabase } from '../support/database.js'
import { configured, openRead } from '../support/discovered-cell.js'

const CELL = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL, body text);
`
const TEMPLATE = { name: 'doctor', source: { sql: CELL } }

let control: ControlDatabase
let [one, two]: TestDatabase[] = []

beforeAll(async () => {
  control = await freshControl()
  one = await freshDatabase({ cluster: 'a', template: TEMPLATE })
  two = await freshDatabase({ cluster: 'b', template: TEMPLATE })
})
afterAll(async () => {
  for (const resource of [one, two, control]) await resource?.[Symbol.asyncDispose]()
})

const none = (): never => {
  throw new Error('routing is a table here')
}

async function examined(urls: readonly [string, string], yaml = '') {
  await using config = await configured({ 'cell-a': { main: urls[0] }, 'cell-b': { main: urls[1] } }, control.database.url, yaml)
  const settings = await config.load()
  const { checks, findings } = await doctor({ settings, open: openRead(settings), control: async () => control.session, outside: none })
  return {
    failed: checks.filter(({ ok }) => !ok).map(({ cell, database, name }) => `${cell}${database === null ? '' : `/${database}`} ${name}`),
    names: checks.map(({ cell, database, name }) => `${cell}${database === null ? '' : `/${database}`} ${name}`),
    findings: findings.map(({ code, severity, cell, table, message }) => `${code} ${severity} ${cell ?? '-'} ${table ?? '-'}: ${message}`),
  }
}

/** A connection string of a role that may do little. */
async function asRole(database: TestDatabase, name: string, grants: string): Promise<string> {
  await database.query(`DROP ROLE IF EXISTS ${name}; CREATE ROLE ${name} LOGIN PASSWORD 'weak'; ${grants}`)
  const url = new URL(database.url)
  url.username = name
  url.password = 'weak'
  return url.href
}

describe('doctor', () => {
  test('finds nothing wrong with two cells alike, and says of each thing that it looked at it', async () => {
    const { failed, names, findings } = await examined([one?.url ?? '', two?.url ?? ''])
    expect(findings).toEqual([])
    expect(failed).toEqual([])
    expect(names).toEqual([
      'control reachable',
      'control control schema',
      'routing routing table',
      'routing flip',
      'routing epoch',
      ...['cell-a', 'cell-b'].flatMap((cell) => ['reachable', 'session', 'server', 'role', 'subscriptions', 'event triggers', 'settings', 'table privileges', 'row security', 'triggers'].map((name) => `${cell}/main ${name}`)),
      'cell-b databases',
      'cell-b/main server parity',
      'cell-b/main schema parity',
    ])
  })

  test('looks at the rest where a server is down', async () => {
    const { failed, names, findings } = await examined([one?.url ?? '', 'postgres://postgres@127.0.0.1:1/nothing'])
    expect(failed).toEqual(['cell-b/main reachable'])
    expect(findings).toEqual([expect.stringMatching(/^OM3001 error cell-b -: cell-b\/main: server unreachable/)])
    expect(names).toContain('cell-a/main table privileges')
  })

  test('names what the cells do not have in common', async () => {
    await using other = await freshDatabase({ cluster: 'b', template: TEMPLATE })
    await other.query('ALTER TABLE notes ALTER body TYPE varchar(5); CREATE TABLE extra (id bigint PRIMARY KEY, organization_id bigint)')
    const { failed, findings } = await examined([one?.url ?? '', other.url])
    expect(failed).toEqual(['cell-b/main schema parity'])
    expect(findings.filter((found) => found.includes('error'))).toEqual([expect.stringMatching(/^OM2108 error cell-b notes: .*body.*cell-a.*cell-b/), 'OM2108 error cell-a extra: table public.extra is on cell-b and not on cell-a'])
  })

  test('says when two cells are one database, or two databases of one server', async () => {
    await using neighbour = await freshDatabase({ cluster: 'a', template: TEMPLATE })
    expect((await examined([one?.url ?? '', one?.url ?? ''])).failed).toEqual(['cell-b/main server parity'])
    const { failed, findings } = await examined([one?.url ?? '', neighbour.url])
    expect(failed).toEqual([])
    expect(findings).toEqual([expect.stringMatching(/^OM2001 warning cell-b -: cell-b is on the same server as cell-a/)])
  })

  test('lists what the role lacks', async () => {
    await using database = await freshDatabase({ cluster: 'b', template: TEMPLATE })
    await database.query('ALTER TABLE notes ENABLE ROW LEVEL SECURITY')
    const url = await asRole(database, 'doctor_weak', 'GRANT SELECT, INSERT ON notes TO doctor_weak; GRANT ALL ON organizations TO doctor_weak')
    const { failed, findings } = await examined([one?.url ?? '', url])
    await database.query('DROP OWNED BY doctor_weak; DROP ROLE doctor_weak')
    expect(failed).toEqual(['cell-b/main role', 'cell-b/main table privileges', 'cell-b/main row security'])
    expect(findings).toEqual([
      'OM2010 error cell-b -: the role may not create the schema org_mover',
      'OM2010 error cell-b -: the role may not set session_replication_role',
      'OM2010 error cell-b notes: the role lacks UPDATE, DELETE, TRIGGER on the table',
      'OM2010 error cell-b notes: the role is not a member of the owner of public.notes: it could not drop the triggers of the fence after the move',
      'OM2010 error cell-b organizations: the role is not a member of the owner of public.organizations: it could not drop the triggers of the fence after the move',
      'OM2120 error cell-b notes: row-level security applies to the role of the mover and would hide rows',
    ])
  })

  test('warns of a lock_timeout that an autovacuum outlasts, and of triggers that fire in the replica role', async () => {
    await using database = await freshDatabase({ cluster: 'b', template: TEMPLATE })
    await database.query("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER loud AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE notes ENABLE ALWAYS TRIGGER loud")
    const { failed, findings } = await examined([one?.url ?? '', database.url], 'lock_timeout: 500ms\n')
    expect(failed).toEqual([])
    expect(findings).toEqual([
      expect.stringMatching(/^OM2012 warning cell-a -: lock_timeout 500 ms is not above the server's deadlock_timeout \(1000 ms\)/),
      expect.stringMatching(/^OM2012 warning cell-b/),
      expect.stringMatching(/^OM2117 warning cell-b notes: loud would act on rows loaded under the replica role/),
    ])
  })

  test('looks at the routing table as configured', async () => {
    await using routes = await freshDatabase({ cluster: 'a' })
    await routes.query('CREATE TABLE routes (org bigint PRIMARY KEY, cell int NOT NULL)')
    const yaml = (column: string): string => `routing: {url: ${JSON.stringify(routes.url)}, table: public.routes, org_column: org, cell_column: ${column}, cell_values: {cell-a: 1, cell-b: 2}}\n`
    const fine = await examined([one?.url ?? '', two?.url ?? ''], yaml('cell'))
    expect(fine.failed).toEqual([])
    expect(fine.findings).toEqual([expect.stringMatching(/^OM2125 warning routing -: the routing table public.routes has no epoch column/)])
    expect((await examined([one?.url ?? '', two?.url ?? ''], yaml('sell'))).failed).toEqual(['routing routing table'])
    await routes.query('ALTER TABLE routes ADD version text')
    const text = await examined([one?.url ?? '', two?.url ?? ''], yaml('cell, epoch_column: version'))
    expect(text.failed).toEqual(['routing flip'])
    expect(text.findings).toEqual([expect.stringMatching(/^OM2133 error routing routes: .*42804/)])
    const unknown = await examined([one?.url ?? '', two?.url ?? ''], yaml('cell').replace('cell-b: 2', 'cell-b: two'))
    expect(unknown.failed).toEqual(['routing routing table'])
    expect(unknown.findings).toEqual([expect.stringMatching(/^OM1006 error routing -: .*cell is pg_catalog.int4/)])
  })

  test('asks for init where the control schema is missing', async () => {
    await using empty = await freshDatabase({ cluster: 'a' })
    await using config = await configured({ 'cell-a': { main: one?.url ?? '' } }, empty.url, '')
    const settings = await config.load()
    await using session = await Session.open({ url: empty.url, role: 'admin', label: 'control', applicationName: 'org-mover', lockTimeoutMs: 3000 })
    const look = async () => (await doctor({ settings, open: openRead(settings), control: async () => session, outside: none })).findings.map(({ code, cell }) => `${code} ${cell}`)
    expect(await look()).toContain('OM2013 control')
    await installControlSchema(session)
    expect(await look()).toEqual([])
  })
})
