import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from '../../src/config/load-settings.js'
import { createApp } from '../../src/move/app.js'
import { createLogger } from '../../src/observability/logger.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'
import { fencedCells, mainOf } from '../support/fenced-cells.js'
import { giveTo, runRolesScript, urlOf } from '../support/roles-script.js'

/** A role for each database and part, with what schema/roles.sql grants and no more. */
async function cellsOfRoles(): Promise<CellsInProcess> {
  return fencedCells({}, {}, async (database, part) => {
    const mover = moverOf(database)
    if (part === 'cell') await giveTo(database, ownerOf(database))
    await runRolesScript(database, part === 'cell' ? { part, mover, owner: ownerOf(database) } : { part, mover })
    return urlOf(database, mover)
  })
}

function moverOf(database: TestDatabase): string {
  return `mover_${database.name}`
}

function ownerOf(database: TestDatabase): string {
  return `owner_${database.name}`
}

describe('with what schema/roles.sql grants and no more', () => {
  let cells: CellsInProcess
  beforeAll(async () => {
    cells = await cellsOfRoles()
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  test('a whole move, an abort and a purge run, each database by a role of its own and the purge by yet another', async () => {
    const { app, io } = cells
    const [a, b] = [mainOf(cells, 'a'), mainOf(cells, 'b')]
    for (const database of [a, b, cells.control]) expect(await database.query(`SELECT rolsuper FROM pg_roles WHERE rolname = '${moverOf(database)}'`)).toEqual([{ rolsuper: false }])
    expect((await app.doctor()).findings).toEqual([])
    const plan = await app.plan({ org: '1', to: 'cell-b' })
    expect([plan.blocking, plan.findings.filter(({ severity }) => severity === 'error')]).toEqual([false, []])
    const paused = await app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, io)
    expect([paused.error, paused.verification.verdict]).toEqual([null, 'equal'])
    expect((await app.abort(paused.moveId ?? '', io)).state).toBe('aborted')
    for (const database of [a, b]) expect(await database.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'org_mover' UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'org_mover%'`)).toEqual([])
    const moved = await app.move({ org: '1', to: 'cell-b' }, io)
    expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
    expect((await app.verify(moved.moveId ?? '', io)).error).toBeNull()

    const purger = `purger_${a.name}`
    await runRolesScript(a, { part: 'purge', mover: purger, source: moverOf(a) })
    const file = `${cells.configFile}.purge.yaml`
    await writeFile(file, (await readFile(cells.configFile, 'utf8')).replaceAll(new RegExp(`\\S*${moverOf(a)}:\\S*`, 'g'), await urlOf(a, purger)))
    await using other = createApp(await loadSettings(file, {}), { logger: createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } }), signal: io.signal })
    const purged = await other.purge(moved.moveId ?? '', {}, io)
    expect([purged.error, purged.state]).toEqual([null, 'completed'])
    expect(await a.query('SELECT FROM projects WHERE organization_id = 1')).toEqual([])
    expect(await a.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'org_mover' UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'org_mover%'`)).toEqual([])
  })
})

describe('a right that is missing is named before a move begins, and nothing is begun', () => {
  let cells: CellsInProcess
  let b: TestDatabase
  beforeAll(async () => {
    cells = await cellsOfRoles()
    b = mainOf(cells, 'b')
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  /** On the target, whose role needs most. M is the mover's role, O the owner's. */
  const table = (right: string): readonly [string, string, string, RegExp] => [
    right,
    `ALTER TABLE notes OWNER TO postgres; GRANT ALL ON notes TO M; REVOKE ${right} ON notes FROM M`,
    'REVOKE ALL ON notes FROM M; ALTER TABLE notes OWNER TO O',
    new RegExp(`^OM2010 notes the role lacks ${right} on the table`),
  ]
  test.each([
    ['CREATE on the database', 'REVOKE CREATE ON DATABASE D FROM M', 'GRANT CREATE ON DATABASE D TO M', /^OM2010 - the role may not create the schema org_mover/],
    ['TEMPORARY on the database', 'REVOKE TEMPORARY ON DATABASE D FROM M, PUBLIC', 'GRANT TEMPORARY ON DATABASE D TO M', /^OM2010 - the role may not create temporary tables/],
    ['session_replication_role', 'REVOKE SET ON PARAMETER session_replication_role FROM M', 'GRANT SET ON PARAMETER session_replication_role TO M', /^OM2010 - the role may not set session_replication_role/],
    ['membership of the owner', 'REVOKE O FROM M', 'GRANT O TO M', /^OM2010 events the role lacks SELECT, INSERT, UPDATE, DELETE, TRIGGER on the table/],
    ['ownership', 'ALTER TABLE notes OWNER TO postgres; GRANT ALL ON notes TO M', 'REVOKE ALL ON notes FROM M; ALTER TABLE notes OWNER TO O', /^OM2010 notes the role is not a member of the owner of public\.notes/],
    ['ownership of a partition', 'ALTER TABLE events_1 OWNER TO postgres', 'ALTER TABLE events_1 OWNER TO O', /^OM2010 events the role is not a member of the owner of public\.events_1/],
    ['BYPASSRLS', 'ALTER ROLE M NOBYPASSRLS; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE notes FORCE ROW LEVEL SECURITY', 'ALTER ROLE M BYPASSRLS; ALTER TABLE notes NO FORCE ROW LEVEL SECURITY; ALTER TABLE notes DISABLE ROW LEVEL SECURITY', /^OM2120 notes /],
    ['USAGE on the schema', 'REVOKE USAGE ON SCHEMA public FROM PUBLIC', 'GRANT USAGE ON SCHEMA public TO PUBLIC', /^OM2010 - the role lacks USAGE on schema public/],
    ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER'].map(table),
  ] as const)('%s', async (_, revoke, grant, named) => {
    const put = (text: string): string => text.replaceAll(/\bM\b/g, moverOf(b)).replaceAll(/\bO\b/g, ownerOf(b)).replaceAll(/\bD\b/g, b.name)
    await b.query(put(revoke))
    const line = (found: { readonly code: string; readonly table: string | null; readonly message: string }): string => `${found.code} ${found.table ?? '-'} ${found.message}`
    const doctor = (await cells.app.doctor()).findings.filter(({ severity, cell }) => severity === 'error' && cell === 'cell-b').map(line)
    const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
    const move = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    await b.query(put(grant))
    expect(doctor).toEqual(expect.arrayContaining([expect.stringMatching(named)]))
    expect([plan.blocking, plan.findings.filter(({ cell }) => cell === 'cell-b').map(line)]).toEqual([true, expect.arrayContaining([expect.stringMatching(named)])])
    expect([move.error?.code, move.state]).toEqual(['OM2007', 'aborted'])
    for (const cell of ['a', 'b'] as const) expect(await mainOf(cells, cell).query(`SELECT nspname FROM pg_namespace WHERE nspname = 'org_mover'`)).toEqual([])
    expect((await cells.app.doctor()).findings.map(line)).toEqual([])
  })
})
