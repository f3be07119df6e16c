import { describe, expect, test } from 'vitest'
import { unwritableTables } from '../../src/checks/unwritable-tables.js'
import { Session } from '../../src/postgres/session.js'
import { freshDatabase } from '../support/database.js'
import { fencedCells, mainOf } from '../support/fenced-cells.js'

const IDENTITIES = ['DEFAULT', 'NOTHING', 'FULL', 'USING INDEX {t}_by_org'] as const
const TABLES = `
  CREATE SCHEMA app;
  CREATE TABLE app.keyed (id bigint NOT NULL, org bigint NOT NULL, body text, doubled bigint GENERATED ALWAYS AS (org * 2) STORED NOT NULL, CONSTRAINT keyed_pkey PRIMARY KEY (id));
  CREATE UNIQUE INDEX keyed_by_org ON app.keyed (org, id);
  CREATE TABLE app.slow (id bigint PRIMARY KEY DEFERRABLE, org bigint NOT NULL, body text);
  CREATE UNIQUE INDEX slow_by_org ON app.slow (org, id);
  CREATE TABLE app.bare (id bigint, org bigint NOT NULL, body text);
  CREATE UNIQUE INDEX bare_by_org ON app.bare (org);
  CREATE UNLOGGED TABLE app.aside (id bigint, org bigint NOT NULL, body text);
  CREATE UNIQUE INDEX aside_by_org ON app.aside (org);
  -- columns of the leaf stand in another order than the root's
  CREATE TABLE app.days (gone text, id bigint NOT NULL, org bigint NOT NULL, body text, PRIMARY KEY (id, org)) PARTITION BY LIST (org);
  ALTER TABLE app.days DROP gone;
  CREATE TABLE app.days_1 (body text, org bigint NOT NULL, id bigint NOT NULL, PRIMARY KEY (id, org));
  ALTER TABLE app.days ATTACH PARTITION app.days_1 FOR VALUES IN (1);
  CREATE UNIQUE INDEX days_1_by_org ON app.days_1 (org, id);
`
const LEAVES = { keyed: 'keyed', slow: 'slow', bare: 'bare', aside: 'aside', days: 'days_1' } as const
const MEMBERS = ['', '(org, id)', '(id)', '(body)', "WHERE (org > 0)", "WHERE (body <> '')", 'WHERE (id > 0 AND org > 0)', "(id, org) WHERE (id > 0)", "(id, org, body) WHERE (body <> '')"] as const

/** What a publication may be of. */
function publications(table: keyof typeof LEAVES): readonly string[] {
  const leaf = LEAVES[table]
  const named = [...new Set([table, leaf])].flatMap((name) => MEMBERS.map((member) => `FOR TABLE app.${name} ${member}`))
  const both = table === leaf ? [] : [`FOR TABLE app.${table} (id, org), app.${leaf} (body)`, `FOR TABLE app.${table} (body), app.${leaf}`, `FOR TABLE app.${leaf} WHERE (body <> ''), TABLES IN SCHEMA app`]
  const wide = ['FOR ALL TABLES', 'FOR TABLES IN SCHEMA app']
  const options = table === leaf ? [''] : ['', 'WITH (publish_via_partition_root)']
  return [...[...named, ...both, ...wide].flatMap((what) => options.map((option) => `${what} ${option}`)), `FOR TABLE app.${table} WITH (publish = 'insert, update')`, `FOR TABLE app.${leaf} (body) WITH (publish = 'insert')`]
}

describe('which publications forbid a DELETE or an UPDATE is known from the catalog as the server decides it (P9)', () => {
  test.each(Object.keys(LEAVES) as (keyof typeof LEAVES)[])('of %s', { timeout: 300_000 }, async (table) => {
    await using database = await freshDatabase({ cluster: 'a' })
    await using session = await Session.open({ url: database.url, role: 'admin', label: 'cell', applicationName: 'org-mover', lockTimeoutMs: 5_000 })
    await database.query(TABLES)
    const [version] = await database.query<{ major: number }>("SELECT current_setting('server_version_num')::int / 10000 AS major")
    const generated = (version?.major ?? 0) < 18 ? [] : ["FOR TABLE app.keyed WITH (publish_generated_columns = stored)", "FOR ALL TABLES WITH (publish_generated_columns = stored)"]
    if (generated.length > 0) await database.query('ALTER TABLE app.bare ADD twice bigint GENERATED ALWAYS AS (org * 2) VIRTUAL')
    const refused = async (statement: string): Promise<boolean> => {
      await database.query('BEGIN')
      const error: unknown = await database.query(statement).then(() => null, (thrown: unknown) => thrown)
      await database.query('ROLLBACK')
      if (error !== null && !/^cannot (delete from|update) table/.test(String(Reflect.get(Object(error), 'message')))) throw error
      return error !== null
    }
    let forbidden = 0
    for (const identity of [...IDENTITIES, 'USING INDEX {t}_by_doubled'].filter((one) => !one.endsWith('doubled') || table === 'keyed')) {
      if (identity.endsWith('doubled')) await database.query('CREATE UNIQUE INDEX IF NOT EXISTS keyed_by_doubled ON app.keyed (doubled)')
      await database.query(`ALTER TABLE app.${LEAVES[table]} REPLICA IDENTITY ${identity.replace('{t}', LEAVES[table])}`)
      for (const publication of [...publications(table), ...(table === 'keyed' ? generated : [])]) {
        // not every list may be given to every table
        if (await database.query(`CREATE PUBLICATION p ${publication}`).then(() => false, () => true)) continue
        const known = async (updates: boolean): Promise<boolean> => (await unwritableTables(session, [{ id: { schema: 'app', name: table }, updates }])).length > 0
        const deletes = await refused(`DELETE FROM app.${table} WHERE org = 1`)
        const updates = await refused(`UPDATE app.${table} SET body = '' WHERE org = 1`)
        expect([await known(false), await known(true)], `${identity}: ${publication}`).toEqual([deletes, deletes || updates])
        if (deletes) forbidden += 1
        await database.query('DROP PUBLICATION p')
      }
    }
    if (table === 'aside') expect(forbidden).toBe(0)
    else expect(forbidden).toBeGreaterThan(5)
  })
})

describe('a publication that forbids a DELETE', () => {
  const FILTERED = "CREATE PUBLICATION told FOR TABLE notes WHERE (body <> '')"

  test('of a table of the move stops it in prepare, on either cell', async () => {
    await using cells = await fencedCells()
    for (const cell of ['a', 'b'] as const) {
      await mainOf(cells, cell).query(FILTERED)
      const { findings, blocking } = await cells.app.plan({ org: '1', to: 'cell-b' })
      expect(blocking).toBe(true)
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([expect.objectContaining({ code: 'OM2116', cell: `cell-${cell}`, table: 'notes', message: expect.stringContaining('publication told') })])
      await mainOf(cells, cell).query('DROP PUBLICATION told')
    }
  })

  test('made after the cutover stops the purge by name, with nothing deleted; without it the purge goes on', async () => {
    await using cells = await fencedCells()
    // what the mover keeps for itself is published as well, and goes all the same
    for (const cell of ['a', 'b'] as const) await mainOf(cells, cell).query('CREATE PUBLICATION everything FOR ALL TABLES')
    const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect(moved).toMatchObject({ state: 'cut_over', error: null })
    await mainOf(cells, 'a').query(FILTERED)
    const refused = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
    expect(refused).toMatchObject({ state: 'purging', error: { code: 'OM6006', message: expect.stringContaining('publication told'), hint: expect.stringContaining('REPLICA IDENTITY FULL') } })
    expect(await mainOf(cells, 'a').query('SELECT count(*)::int AS left FROM notes WHERE project_id = 10')).toEqual([{ left: 2 }])
    await mainOf(cells, 'a').query('ALTER TABLE notes REPLICA IDENTITY FULL')
    expect(await cells.app.purge(moved.moveId ?? '', {}, cells.io)).toMatchObject({ state: 'completed', error: null })
  })

  test('made while the move rests stops an abort by name, with the source served again; without it the abort goes on', async () => {
    await using cells = await fencedCells()
    const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
    await mainOf(cells, 'b').query(FILTERED)
    expect(await cells.app.abort(rested.moveId ?? '', cells.io)).toMatchObject({ state: 'aborting', error: { code: 'OM2116', message: expect.stringContaining('publication told') } })
    await mainOf(cells, 'b').query('DROP PUBLICATION told')
    expect(await cells.app.abort(rested.moveId ?? '', cells.io)).toMatchObject({ state: 'aborted', error: null })
    expect(await mainOf(cells, 'b').query('SELECT count(*)::int AS left FROM notes WHERE project_id = 10')).toEqual([{ left: 0 }])
  })
})
