import { describe, expect, test } from 'vitest'
import type { MoveDocument } from '../../src/domain/documents.js'
import type { Progress } from '../../src/observability/progress.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { mainOf } from '../support/fenced-cells.js'
import { until } from '../support/until.js'

/** Organization 1 has ten rows in each table; in `crowd` they are few among the target's, in the others many. */
const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE alone (id bigint PRIMARY KEY, organization_id bigint NOT NULL); CREATE INDEX ON alone (organization_id);
  CREATE TABLE crowd (id bigint PRIMARY KEY, organization_id bigint NOT NULL); CREATE INDEX ON crowd (organization_id);
  CREATE TABLE parts (id bigint, organization_id bigint NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (1000);
  CREATE INDEX ON parts (organization_id);
`
const ROWS = {
  a: `INSERT INTO organizations VALUES (1); INSERT INTO alone SELECT n, 1 FROM generate_series(1, 10) AS n; INSERT INTO crowd SELECT n, 1 FROM generate_series(1, 10) AS n; INSERT INTO parts SELECT n, 1 FROM generate_series(1, 10) AS n`,
  b: `INSERT INTO organizations VALUES (9); INSERT INTO crowd SELECT n, 9 FROM generate_series(1000, 1300) AS n; ANALYZE crowd`,
}

const cellsWith = (config: Readonly<Record<string, unknown>> = {}): Promise<CellsInProcess> => cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${SCHEMA} ${ROWS[cell]}`, config: { lock_timeout: '300ms', ...config } })

const eventsOf = async ({ control }: CellsInProcess, kind: string): Promise<unknown[]> => (await control.query<{ detail: unknown }>('SELECT detail FROM org_mover.event WHERE kind = $1 ORDER BY seq', [kind])).map(({ detail }) => detail)
const estimates = async (cells: CellsInProcess): Promise<Record<string, number>> =>
  Object.fromEntries((await mainOf(cells, 'b').query<{ name: string; rows: number }>(`SELECT relname AS name, reltuples::int AS rows FROM pg_class WHERE relname IN ('alone', 'crowd', 'parts', 'parts_1', 'parts_2')`)).map(({ name, rows }) => [name, rows]))

describe('statistics before the flip', () => {
  test('are gathered where the load is a notable part of the table, and plan says of which', async () => {
    await using cells = await cellsWith()
    const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
    expect(plan.besides).toEqual(['before the flip ANALYZE of 3 table(s) on cell-b, of which the load is a notable part: public.alone, public.organizations, public.parts'])
    expect(await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'verify' }, cells.io)).toMatchObject({ state: 'paused', error: null })
    expect(await estimates(cells)).toEqual({ alone: 10, crowd: 301, parts: 10, parts_1: 10, parts_2: 0 })
    expect(await eventsOf(cells, 'analyzed')).toEqual([{ database: 'cell-b/main', tables: 3, fewRowsCame: 1, failed: [] }])
  })

  test('that cannot be had for a lock stop nothing and are told', async () => {
    await using cells = await cellsWith()
    const target = mainOf(cells, 'b')
    let paused: Promise<MoveDocument> | null = null
    const idOf = async (): Promise<string> => (await cells.control.query<{ id: string }>('SELECT id::text FROM org_mover.move'))[0]?.id ?? ''
    const neighbour = await target.connect()
    const progress: Progress = (event) => {
      if (event.kind === 'phase' && event.phase === 'freeze') paused ??= idOf().then((id) => cells.app.throttle(id, { paused: true }))
      if (event.kind === 'phase' && event.phase === 'verify' && event.state === 'started') void neighbour.query('COMMIT')
    }
    const moving = cells.app.move({ org: '1', to: 'cell-b' }, { ...cells.io, progress })
    await until('it waits', async () => (await cells.control.query('SELECT 1 FROM org_mover.throttle WHERE waits_for IS NOT NULL')).length > 0)
    await neighbour.query('BEGIN; LOCK TABLE alone IN SHARE UPDATE EXCLUSIVE MODE')
    await cells.app.throttle(await idOf(), { paused: false })
    expect(await moving).toMatchObject({ state: 'cut_over', error: null })
    await paused
    await neighbour.end()
    expect(await eventsOf(cells, 'analyzed')).toEqual([{ database: 'cell-b/main', tables: 2, fewRowsCame: 1, failed: [{ table: 'public.alone', why: 'a lock was not granted in time' }] }])
    expect((await estimates(cells))['alone']).toBe(-1)
  })
})

describe('VACUUM after a purge', () => {
  const vacuumed = async (cells: CellsInProcess): Promise<readonly unknown[]> => mainOf(cells, 'a').query(`SELECT relname AS name, vacuum_count::int AS vacuums FROM pg_stat_user_tables WHERE vacuum_count > 0 ORDER BY 1`)

  test('only where it is asked for, of what was purged; plan says so', async () => {
    await using plain = await cellsWith()
    await plain.app.move({ org: '1', to: 'cell-b' }, plain.io)
    expect(await plain.app.purge((await plain.app.list({})).moves[0]?.moveId ?? '', {}, plain.io)).toMatchObject({ state: 'completed' })
    expect(await vacuumed(plain)).toEqual([])

    await using asked = await cellsWith({ purge: { vacuum: true } })
    const plan = await asked.app.plan({ org: '1', to: 'cell-b' })
    expect(plan.besides.at(-1)).toMatch(/^after the purge VACUUM of 4 table\(s\) on cell-a, with the rows of everybody \d+ MB: public\.alone, public\.crowd, public\.organizations, public\.parts$/)
    await asked.app.move({ org: '1', to: 'cell-b' }, asked.io)
    const neighbour = await mainOf(asked, 'a').connect()
    const progress: Progress = (event) => void (event.kind === 'step' && event.text.startsWith('removing') && neighbour.query('COMMIT'))
    await neighbour.query('BEGIN; LOCK TABLE crowd IN SHARE UPDATE EXCLUSIVE MODE')
    expect(await asked.app.purge((await asked.app.list({})).moves[0]?.moveId ?? '', {}, { ...asked.io, progress })).toMatchObject({ state: 'completed' })
    await neighbour.end()
    await until('the counts are there', async () => (await vacuumed(asked)).length >= 4)
    expect(await vacuumed(asked)).toEqual(['alone', 'organizations', 'parts_1', 'parts_2'].map((name) => ({ name, vacuums: 1 })))
    expect(await eventsOf(asked, 'not vacuumed')).toEqual([{ table: 'public.crowd', why: 'a lock was not granted in time' }])
  })
})

test('wide rows go into more chunks: each is hardly larger than 64 MB', async () => {
  const rows = `ALTER TABLE alone ADD body text; ALTER TABLE alone ALTER body SET STORAGE EXTERNAL`
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${SCHEMA} ${ROWS[cell]}; ${rows}; ${cell === 'a' ? `UPDATE alone SET body = repeat('x', 8000000)` : ''}`, config: {} })
  const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
  expect(plan.tables.flatMap(({ table, chunks }) => (['alone', 'crowd'].includes(table) ? [[table, chunks]] : []))).toEqual([['alone', 2], ['crowd', 1]])
  expect(await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)).toMatchObject({ state: 'cut_over', verification: { verdict: 'equal' } })
  const chunks = await cells.control.query<{ rows: string }>(`SELECT c.rows::text AS rows FROM org_mover.chunk AS c JOIN org_mover.move_table AS t USING (move_id, table_no) WHERE t.table_name = 'alone' ORDER BY c.chunk_no`)
  expect(chunks.map((chunk) => chunk.rows)).toEqual(['8', '2'])
})
