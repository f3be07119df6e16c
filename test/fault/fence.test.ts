import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { from as copyFrom } from 'pg-copy-streams'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../support/database.js'
import { fencedCells, mainOf, refusalOf, tried } from '../support/fenced-cells.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { until } from '../support/until.js'

const FENCED = 'OM001'

/** Each as a write of organization n; run for the one that moves and for a neighbour. */
const WRITES: readonly (readonly [string, (n: number) => readonly string[]])[] = [
  ['INSERT', (n) => [`INSERT INTO projects VALUES (${n}99, ${n}, 'new')`]],
  ['INSERT of a row that refers to nothing', (n) => [`INSERT INTO badges VALUES (${n}99, ${n})`]],
  ['UPDATE', (n) => [`UPDATE projects SET title = 'other' WHERE id = ${n}0`]],
  ['UPDATE that changes nothing', (n) => [`UPDATE projects SET title = title WHERE id = ${n}0`]],
  ['DELETE', (n) => [`DELETE FROM badges WHERE id = ${n}0`]],
  ['the root row itself', (n) => [`UPDATE organizations SET id = id WHERE id = ${n}`]],
  ['INSERT below a parent', (n) => [`INSERT INTO notes VALUES (${n}99, ${n}0, 'new')`]],
  ['UPDATE below a parent', (n) => [`UPDATE notes SET body = 'other' WHERE id = ${n}0`]],
  ['DELETE below a parent', (n) => [`DELETE FROM notes WHERE id = ${n}0`]],
  ['a row that is moved into the organization', (n) => [`UPDATE projects SET organization_id = ${n} WHERE id = 30`]],
  ['a row that is moved out of the organization', (n) => [`UPDATE badges SET organization_id = 3 WHERE id = ${n}0`]],
  ['a row that is moved to a parent of the organization', (n) => [`UPDATE notes SET project_id = ${n}0 WHERE id = 30`]],
  ['a row that is moved away from a parent', (n) => [`UPDATE notes SET project_id = 30 WHERE id = ${n}0`]],
  ['INSERT … ON CONFLICT DO UPDATE of a row that is there', (n) => [`INSERT INTO projects VALUES (${n}0, ${n}, 'new') ON CONFLICT (id) DO UPDATE SET title = excluded.title`]],
  ['INSERT … ON CONFLICT DO NOTHING of a new row', (n) => [`INSERT INTO projects VALUES (${n}99, ${n}, 'new') ON CONFLICT DO NOTHING`]],
  ['MERGE that updates', (n) => [`MERGE INTO projects AS p USING (VALUES (${n}0::bigint)) AS v(id) ON p.id = v.id WHEN MATCHED THEN UPDATE SET title = 'merged'`]],
  ['MERGE that inserts', (n) => [`MERGE INTO projects AS p USING (VALUES (${n}99::bigint)) AS v(id) ON p.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, ${n}, 'merged')`]],
  ['MERGE that deletes', (n) => [`MERGE INTO notes AS t USING (VALUES (${n}0::bigint)) AS v(id) ON t.id = v.id WHEN MATCHED THEN DELETE`]],
  ['a WITH that writes', (n) => [`WITH gone AS (DELETE FROM badges WHERE organization_id = ${n} RETURNING id) SELECT count(*) FROM gone`]],
  ['ON DELETE CASCADE from a table that does not move', (n) => [`DELETE FROM badges WHERE organization_id = ${n} AND ${n} <> 1`, `DELETE FROM plans WHERE id = ${n}`]],
  ['ON UPDATE CASCADE from a table that does not move', (n) => [`UPDATE plans SET id = id + 100 WHERE id = ${n}`]],
  ['ON DELETE SET NULL from a table that does not move', (n) => [`DELETE FROM contracts WHERE organization_id = ${n} AND ${n} <> 1`, `DELETE FROM plans WHERE id = ${n}`]],
  ['ON DELETE CASCADE within the organization', (n) => [`DELETE FROM projects WHERE id = ${n}0`]],
  ['a view', (n) => [`UPDATE titles SET title = 'through a view' WHERE organization_id = ${n}`]],
  ['INSERT into a view', (n) => [`INSERT INTO titles VALUES (${n}99, ${n}, 'through a view')`]],
  ['a rule', (n) => [`INSERT INTO written VALUES (${n}99, ${n}, 'by a rule')`]],
  ['a SECURITY DEFINER function', (n) => [`SELECT retitle(${n})`]],
  ['a DO block that catches nothing', (n) => [`DO $$ BEGIN UPDATE projects SET title = 'x' WHERE organization_id = ${n}; END $$`]],
  ['INSERT through the parent of partitions', (n) => [`INSERT INTO events VALUES (${n}99, '2024-02-02', ${n}, 'new')`]],
  ['INSERT into a leaf', (n) => [`INSERT INTO events_1 VALUES (${n}99, '2024-02-02', ${n}, 'new')`]],
  ['UPDATE of a leaf', (n) => [`UPDATE events_1 SET body = 'x' WHERE organization_id = ${n}`]],
  ['UPDATE across partitions', (n) => [`UPDATE events SET at = '2025-07-07' WHERE id = ${n}0`]],
  ['UPDATE across partitions into the organization', (n) => [`UPDATE events SET at = '2025-07-07', organization_id = ${n} WHERE id = 30`]],
  ['a key that a generated column makes', (n) => [`INSERT INTO documents VALUES (${n}99, '{"org": ${n}}')`]],
  ['a generated key that changes', (n) => [`UPDATE documents SET payload = '{"org": ${n}}' WHERE id = 30`]],
  ['a key that a later BEFORE trigger fills', (n) => [`INSERT INTO filled VALUES (${n}99, 3, 'of ${n}')`]],
  ['a key that a later BEFORE trigger changes', (n) => [`UPDATE filled SET body = 'of ${n}' WHERE id = 30`]],
  ['a session in the replica role', (n) => [`SET LOCAL session_replication_role = replica`, `INSERT INTO projects VALUES (${n}99, ${n}, 'new')`]],
  ['a session in the replica role, below a parent', (n) => [`SET LOCAL session_replication_role = replica`, `UPDATE notes SET body = 'x' WHERE project_id = ${n}0`]],
  ['REPEATABLE READ', (n) => [`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`, `UPDATE notes SET body = 'x' WHERE id = ${n}0`]],
  ['SERIALIZABLE', (n) => [`SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`, `INSERT INTO notes VALUES (${n}99, ${n}0, 'new')`]],
  ['a pass that is not the mover\'s', (n) => [`SELECT set_config('org_mover.pass', 'guessed', true)`, `UPDATE projects SET title = 'x' WHERE id = ${n}0`]],
]

/** For rows that are not there yet, nor what they would refer to; the neighbour is of that cell. */
const INSERTS = ['INSERT of a row that refers to nothing', 'INSERT through the parent of partitions', 'INSERT into a leaf', 'a key that a generated column makes', 'a key that a later BEFORE trigger fills', 'a session in the replica role']

describe('the fence, before anything is copied (P3)', () => {
  let cells: CellsInProcess
  let [a, b]: TestDatabase[] = []
  let moveId: string
  const source = (): TestDatabase => a ?? mainOf(cells, 'a')
  const target = (): TestDatabase => b ?? mainOf(cells, 'b')

  beforeAll(async () => {
    cells = await fencedCells()
    ;[a, b] = [mainOf(cells, 'a'), mainOf(cells, 'b')]
    const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
    expect([paused.error, paused.state]).toEqual([null, 'paused'])
    moveId = paused.moveId ?? ''
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  test.each(WRITES)('%s: rejected for the organization, and as before for a neighbour', async (_, write) => {
    expect(await tried(source(), ...write(2)), 'the neighbour').toBeNull()
    expect(await tried(source(), ...write(1))).toMatchObject({ code: FENCED, message: expect.stringContaining(moveId), detail: { moveId, org: '1', side: 'source', schema: 'public', operation: expect.stringMatching(/^(INSERT|UPDATE|DELETE)$/) } })
  })

  test.each(WRITES.filter(([name]) => INSERTS.includes(name)))('on the target, %s: rejected for the organization, and as before for a neighbour there', async (_, write) => {
    expect(await tried(target(), ...write(4)), 'the neighbour').toBeNull()
    expect(await tried(target(), ...write(1))).toMatchObject({ code: FENCED, detail: { moveId, org: '1', side: 'target' } })
  })

  test.each(['TRUNCATE badges', 'TRUNCATE projects CASCADE', 'TRUNCATE plans CASCADE', 'TRUNCATE events', 'TRUNCATE events_1', 'TRUNCATE ONLY notes'])('%s: rejected, whoever else has rows there', async (statement) => {
    for (const database of [source(), target()]) expect(await tried(database, statement)).toMatchObject({ code: FENCED, detail: { moveId, operation: 'TRUNCATE' } })
    expect(await tried(source(), 'TRUNCATE aside')).toBeNull()
  })

  test('COPY of one row of the organization among others is rejected whole, and of others alone it passes', async () => {
    const client = await source().connect()
    const copy = async (...lines: readonly string[]): Promise<unknown> => pipeline(Readable.from([`${lines.join('\n')}\n`]), client.query(copyFrom('COPY projects (id, organization_id, title) FROM STDIN'))).catch(refusalOf)
    expect(await copy('801\t2\tx', '802\t1\tx')).toMatchObject({ code: FENCED, detail: { moveId, operation: 'INSERT' } })
    expect(await copy('801\t2\tx', '802\t3\tx')).toBeUndefined()
    expect(await client.query('DELETE FROM projects WHERE id > 800')).toMatchObject({ rowCount: 2 })
  })

  test('what is read is not fenced, row locks included', async () => {
    expect(await tried(source(), 'SELECT * FROM projects WHERE organization_id = 1 FOR UPDATE', 'SELECT * FROM notes FOR KEY SHARE')).toBeNull()
  })

  test('a sweep over the rows of all is rejected whole, unless its session leaves fenced rows out: then they stay, and all others go', async () => {
    const skip = `SELECT set_config('org_mover.housekeeping', 'skip', true)`
    for (const [table, fenced] of [['events', `organization_id = 1`], ['notes', `project_id = 10`]] as const) {
      const sweeps = [`DELETE FROM ${table}`, `UPDATE ${table} SET body = 'swept'`, `MERGE INTO ${table} AS t USING (SELECT 1) AS v ON true WHEN MATCHED THEN UPDATE SET body = 'swept'`]
      for (const sweep of sweeps) {
        expect(await tried(source(), sweep)).toMatchObject({ code: FENCED })
        const left = `DO $$ BEGIN
          IF (SELECT count(*) FROM ${table} WHERE ${fenced} AND body IN ('event', 'note')) <> 2 THEN RAISE 'fenced rows were touched'; END IF;
          IF EXISTS (SELECT FROM ${table} WHERE NOT ${fenced} AND body IN ('event', 'note')) THEN RAISE 'others were left out'; END IF; END $$`
        expect(await tried(source(), skip, sweep, left)).toBeNull()
      }
    }
    expect(await tried(source(), skip, 'DELETE FROM plans WHERE id = 1'), 'a cascade is not left out: its parent would be gone').toMatchObject({ code: FENCED })
    expect(await tried(source(), skip, 'INSERT INTO projects VALUES (199, 1)')).toMatchObject({ code: FENCED })
    expect(await tried(source(), skip, 'UPDATE projects SET organization_id = 1 WHERE id = 30')).toMatchObject({ code: FENCED })
    expect(await tried(source(), `SELECT set_config('org_mover.housekeeping', 'allow', true)`, 'DELETE FROM events')).toMatchObject({ code: FENCED })
  })

  test('when the move goes on all of it arrives, and after the flip the source names the cell and epoch that serve now', async () => {
    const moved = await cells.app.resume(moveId, cells.io)
    expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
    const [route] = await cells.control.query<{ epoch: string }>(`SELECT epoch::text FROM org_mover.route WHERE organization = '1'`)
    for (const write of ['UPDATE projects SET title = $$x$$ WHERE id = 10', 'UPDATE notes SET body = $$x$$ WHERE id = 10', 'TRUNCATE badges']) {
      expect(await tried(source(), write)).toMatchObject({ code: FENCED, message: expect.stringContaining('has moved to cell-b'), detail: { moveId, org: '1', side: 'source', servedBy: 'cell-b', epoch: Number(route?.epoch) } })
    }
    for (const [name, write] of WRITES) {
      expect(await tried(source(), ...write(1)), name).toMatchObject({ code: FENCED })
      expect(await tried(source(), ...write(2)), name).toBeNull()
    }
    expect(await tried(target(), `INSERT INTO projects VALUES (199, 1, 'there')`, 'UPDATE notes SET body = $$there$$ WHERE id = 10', 'DELETE FROM badges WHERE organization_id = 1', 'DELETE FROM projects WHERE id = 10')).toBeNull()
  })

  test('a migration of the cell during the retention: columns may come, rows of the organization are left out of the backfill, and the purge ends', async () => {
    await source().query(`ALTER TABLE projects ADD COLUMN color text NOT NULL DEFAULT 'red'; ALTER TABLE notes ADD COLUMN kind text`)
    expect(await tried(source(), `UPDATE notes SET kind = 'plain'`)).toMatchObject({ code: FENCED, detail: { servedBy: 'cell-b' } })
    await source().query(`SET org_mover.housekeeping = 'skip'; UPDATE notes SET kind = 'plain'; UPDATE projects SET color = 'blue'; DELETE FROM events WHERE at < '2025-01-01'; RESET org_mover.housekeeping`)
    expect(await source().query(`SELECT project_id::text AS project, kind FROM notes WHERE kind IS NULL`)).toEqual([{ project: '10', kind: null }, { project: '10', kind: null }])
    expect(await source().query(`SELECT organization_id::text AS org FROM events WHERE at < '2025-01-01'`)).toEqual([{ org: '1' }])
    expect((await cells.app.verify(moveId, cells.io)).error).toBeNull()
    const purged = await cells.app.purge(moveId, {}, cells.io)
    expect([purged.error, purged.state]).toEqual([null, 'completed'])
    expect(await source().query('SELECT FROM projects WHERE organization_id = 1')).toEqual([])
    expect(await source().query(`SELECT FROM pg_trigger WHERE tgname LIKE 'org_mover%'`)).toEqual([])
  })
})

describe('transactions that are older than the freeze (P3)', () => {
  // a note is told by its project as declared, without a foreign key, which a snapshot that lacks the project could not pass
  const tables = { 'public.plans': { exempt: 'lookup', match_by: ['name'] }, 'public.aside': { exempt: 'skip' }, 'public.notes': { sharding_key: { project_id: 'projects' } } }
  const drained = { drain_timeout: '1s', tenancy: { tables } }

  test.each(['REPEATABLE READ', 'SERIALIZABLE', 'READ COMMITTED'])('a %s transaction holds the freeze, is named, and what it writes moves or is rejected', async (level) => {
    await using cells = await fencedCells(drained)
    for (const cell of ['a', 'b'] as const) await mainOf(cells, cell).query('ALTER TABLE notes DROP CONSTRAINT notes_project_id_fkey')
    const source = mainOf(cells, 'a')
    const early = await source.connect()
    const idle = await source.connect()
    await idle.query(`BEGIN ISOLATION LEVEL ${level}; SELECT count(*) FROM notes`)
    await early.query(`BEGIN ISOLATION LEVEL ${level}; INSERT INTO projects VALUES (199, 1, 'early'); UPDATE projects SET title = 'neighbour' WHERE id = 20`)
    const moving = cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    await until('the freeze waits for the table', async () => (await source.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0)
    await early.query('COMMIT')
    const stopped = await moving
    expect([stopped.error?.code, stopped.state]).toEqual(['OM3006', 'failed'])
    const [{ pid } = { pid: 0 }] = (await idle.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
    expect(stopped.error?.message).toContain(`pid ${pid}`)
    // its snapshot has neither the parent nor the key sets; told by the row, or by a set that it sees, it is rejected at once
    const told = await idle.query(`SAVEPOINT s; INSERT INTO badges VALUES (199, 1, NULL)`).catch(refusalOf)
    expect(told).toMatchObject({ code: FENCED })
    await idle.query('ROLLBACK TO s')
    const written: number[] = []
    // below a parent of before, and below one that its snapshot does not have
    for (const [id, parent] of [[198, 10], [199, 199]] as const) {
      const refused = await idle.query(`SAVEPOINT s; INSERT INTO notes VALUES (${id}, ${parent}, 'derived')`).then(() => null, refusalOf)
      expect([null, FENCED]).toContain(refused?.code ?? null)
      if (level === 'READ COMMITTED' && parent === 10) expect(refused?.code).toBe(FENCED)
      if (refused === null) written.push(id)
      else await idle.query('ROLLBACK TO s')
    }
    await idle.query('COMMIT')
    const moved = await cells.app.resume(stopped.moveId ?? '', cells.io)
    expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
    expect(await mainOf(cells, 'b').query('SELECT title FROM projects WHERE id = 199')).toEqual([{ title: 'early' }])
    expect((await mainOf(cells, 'b').query<{ id: number }>('SELECT id::int FROM notes WHERE id > 190 ORDER BY id')).map(({ id }) => id)).toEqual(written)
  })

  test('a prepared transaction holds the freeze, is named, and moves when it is committed', async () => {
    await using cells = await fencedCells(drained)
    const source = mainOf(cells, 'a')
    const name = `prepared in ${source.name}`
    // of rows only: a lock on a table of the fence would hold the fence itself
    await source.query(`BEGIN; INSERT INTO aside VALUES (7); PREPARE TRANSACTION '${name}'`)
    const stopped = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect([stopped.error?.code, stopped.state]).toEqual(['OM3006', 'failed'])
    expect(stopped.error?.message).toContain(`prepared transaction '${name}'`)
    await source.query(`COMMIT PREPARED '${name}'`)
    const moved = await cells.app.resume(stopped.moveId ?? '', cells.io)
    expect([moved.error, moved.state]).toEqual([null, 'cut_over'])
  })

  test('a prepared transaction that wrote rows of the organization keeps the fence out, and its rows move when it is committed', async () => {
    await using cells = await fencedCells({ lock_timeout: '100ms' })
    const source = mainOf(cells, 'a')
    const name = `prepared in ${source.name}`
    await source.query(`BEGIN; INSERT INTO notes VALUES (199, 10, 'prepared'); PREPARE TRANSACTION '${name}'`)
    const moving = cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    await until('the fence waits', async () => (await source.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0)
    await source.query(`COMMIT PREPARED '${name}'`)
    const moved = await moving
    expect([moved.error, moved.state]).toEqual([null, 'cut_over'])
    expect(await mainOf(cells, 'b').query('SELECT body FROM notes WHERE id = 199')).toEqual([{ body: 'prepared' }])
  })
})

describe('what changes about the tables after the freeze (P3)', () => {
  const CHANGES: readonly { readonly what: string; readonly cell: 'a' | 'b'; readonly change: string; readonly back: string; readonly named: RegExp }[] = [
    { what: 'a table is created', cell: 'a', change: 'CREATE TABLE fresh (id bigint PRIMARY KEY, organization_id bigint)', back: 'DROP TABLE fresh', named: /table public\.fresh was created in source\/main/ },
    { what: 'a table is created on the target', cell: 'b', change: 'CREATE TABLE fresh (id bigint PRIMARY KEY, organization_id bigint)', back: 'DROP TABLE fresh', named: /table public\.fresh was created in target\/main/ },
    { what: 'a column is added', cell: 'a', change: 'ALTER TABLE projects ADD COLUMN color text', back: 'ALTER TABLE projects DROP COLUMN color', named: /table public\.projects of source\/main has changed/ },
    { what: 'a column is added on the target', cell: 'b', change: 'ALTER TABLE notes ADD COLUMN color text', back: 'ALTER TABLE notes DROP COLUMN color', named: /table public\.notes of target\/main has changed/ },
    { what: 'a table with rows of the organization is attached', cell: 'a', change: `CREATE TABLE events_3 (LIKE events INCLUDING ALL); INSERT INTO events_3 VALUES (199, '2026-05-05', 1, 'attached'); ALTER TABLE events ATTACH PARTITION events_3 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`, back: 'ALTER TABLE events DETACH PARTITION events_3; DROP TABLE events_3', named: /partition public\.events_3 was attached in source\/main since the freeze with rows of the organization/ },
    { what: 'a partition is detached', cell: 'a', change: 'ALTER TABLE events DETACH PARTITION events_1', back: `ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`, named: /table public\.events_1 of source\/main has changed/ },
    { what: 'a trigger of the fence is disabled', cell: 'a', change: 'ALTER TABLE projects DISABLE TRIGGER USER', back: 'ALTER TABLE projects ENABLE TRIGGER USER', named: /the fence's trigger on "?public"?\."?projects"?.* is gone or disabled/ },
    { what: 'a rule is made', cell: 'b', change: 'CREATE RULE nothing AS ON INSERT TO badges DO INSTEAD NOTHING', back: 'DROP RULE nothing ON badges', named: /table public\.badges of target\/main has changed/ },
  ]

  let cells: CellsInProcess
  let moveId: string
  beforeAll(async () => {
    cells = await fencedCells()
    const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
    expect([paused.error, paused.state]).toEqual([null, 'paused'])
    moveId = paused.moveId ?? ''
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  test.each(CHANGES)('$what: neither verification nor cutover goes on, and the message names it; taken back, they do', async ({ cell, change, back, named }) => {
    const database = mainOf(cells, cell)
    await database.query(change)
    const verified = await cells.app.verify(moveId, cells.io)
    expect([verified.error?.code, verified.error?.message]).toEqual(['OM4003', expect.stringMatching(named)])
    const resumed = await cells.app.resume(moveId, cells.io)
    expect([resumed.error?.code, resumed.state]).toEqual(['OM4003', 'failed'])
    await database.query(back)
    expect((await cells.app.verify(moveId, cells.io)).error).toBeNull()
  })

  test('a partition that comes for others is fenced as its parent is, and stops nothing', async () => {
    const source = mainOf(cells, 'a')
    for (const cell of ['a', 'b'] as const) await mainOf(cells, cell).query(`CREATE TABLE events_4 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`)
    await source.query(`INSERT INTO events VALUES (299, '2027-05-05', 2, 'neighbour')`)
    expect(await tried(source, `INSERT INTO events_4 VALUES (199, '2027-05-05', 1, 'x')`)).toMatchObject({ code: FENCED })
    expect((await cells.app.verify(moveId, cells.io)).error).toBeNull()
    const moved = await cells.app.resume(moveId, cells.io)
    expect([moved.error, moved.state]).toEqual([null, 'cut_over'])
    expect((await cells.app.purge(moveId, {}, cells.io)).error).toBeNull()
    expect(await source.query('SELECT organization_id::text AS org FROM events_4')).toEqual([{ org: '2' }])
  })

  test('a partition that is dropped stops the move, which can be aborted', async () => {
    const source = mainOf(cells, 'a')
    const paused = await cells.app.move({ org: '2', to: 'cell-b', pauseBefore: 'verify' }, cells.io)
    await source.query('DROP TABLE events_9')
    const stopped = await cells.app.resume(paused.moveId ?? '', cells.io)
    expect([stopped.error?.code, stopped.error?.message]).toEqual(['OM4003', expect.stringContaining('table public.events_9 of source/main is gone')])
    expect((await cells.app.abort(paused.moveId ?? '', cells.io)).state).toBe('aborted')
    expect(await tried(source, `UPDATE projects SET title = 'x' WHERE id = 20`)).toBeNull()
  })
})
