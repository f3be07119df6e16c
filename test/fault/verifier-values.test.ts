import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Difference, MoveDocument, Verification } from '../../src/domain/documents.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'
import { pastTheFence } from '../support/past-the-fence.js'
import { PLANTED_ROWS, PLANTED_TENANCY, plantedCell } from '../support/planted/rows.js'
import type { PlantedRows } from '../support/planted/rows.js'
import { changeOf, PLANTED_VALUES } from '../support/planted/values.js'
import type { PlantedValue } from '../support/planted/values.js'

/** A document names a hundred rows at most. */
const AT_ONCE = 60

describe('every kind of value, one changed at a time in a row and a chunk of its own (P1)', () => {
  let cells: CellsInProcess
  let b: TestDatabase
  let moveId = ''
  const told = new Map<string, readonly Difference[]>()
  const verdicts: (readonly [expected: number, verification: Verification])[] = []
  let undone: MoveDocument
  let last: MoveDocument

  beforeAll(async () => {
    cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: plantedCell, config: { tenancy: PLANTED_TENANCY, copy: { jobs: 2, chunk_rows: 1 }, sequences: 'check' } })
    const main = cells.databases.b.get('main')
    if (main === undefined) throw new RangeError('no main database')
    b = main
    const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'verify' }, cells.io)
    if (paused.state !== 'paused') throw new Error(`${paused.error?.message}: ${paused.findings.map(({ code, message }) => `${code} ${message}`).join('; ')}`)
    moveId = paused.moveId ?? ''
    for (let start = 0; start < PLANTED_VALUES.length; start += AT_ONCE) {
      const plants = PLANTED_VALUES.slice(start, start + AT_ONCE).map((plant, n): readonly [number, PlantedValue] => [start + n + 1, plant])
      await onTarget(plants.map(([n, plant]) => changeOf(n, plant)))
      const { verification } = await cells.app.verify(moveId, cells.io)
      verdicts.push([plants.filter(([, plant]) => plant.same !== true).length, verification])
      for (const [n, plant] of plants) told.set(plant.name, verification.examples.filter(({ table, primaryKey }) => table === 'kinds' && primaryKey['id'] === String(n)))
      await onTarget(plants.map(([n, plant]) => changeOf(n, { ...plant, becomes: plant.was })))
    }
    undone = await cells.app.verify(moveId, cells.io)
    await onTarget(PLANTED_ROWS.map(({ sql }) => sql))
    last = await cells.app.verify(moveId, cells.io)
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  async function onTarget(statements: readonly string[]): Promise<void> {
    await pastTheFence(b, async () => {
      for (const statement of statements) await b.query(statement)
    })
  }

  test.each(PLANTED_VALUES.filter(({ same }) => same !== true))('found: $name, by table, key and column', ({ name, column }) => {
    expect(told.get(name)).toEqual([{ schema: 'planted', table: 'kinds', primaryKey: { id: expect.any(String) }, kind: 'mismatching', columns: [column] }])
  })

  test.each(PLANTED_VALUES.filter(({ same }) => same === true))('not reported: $name', ({ name }) => {
    expect(told.get(name)).toEqual([])
  })

  test('nothing else is reported, and once all is as it was both sides are equal', () => {
    for (const [expected, { verdict, missing, extraneous, mismatching }] of verdicts) expect({ verdict, missing, extraneous, mismatching }).toEqual({ verdict: 'different', missing: 0, extraneous: 0, mismatching: expected })
    expect([undone.error, undone.verification.verdict]).toEqual([null, 'equal'])
  })

  test.each(PLANTED_ROWS)('found: $name, by table, key and column', ({ found }) => {
    for (const one of found) expect(last.verification.examples).toContainEqual(differenceOf(one))
  })

  test('of those, nothing else is reported, and the move does not go on', async () => {
    const expected = PLANTED_ROWS.flatMap(({ found }) => found)
    const count = (kind: string): number => expected.filter((one) => one.kind === kind).length
    const { verdict, missing, extraneous, mismatching } = last.verification
    expect({ verdict, missing, extraneous, mismatching }).toEqual({ verdict: 'different', missing: count('missing'), extraneous: count('extraneous'), mismatching: count('mismatching') })
    const resumed = await cells.app.resume(moveId, cells.io)
    expect([resumed.state, resumed.error?.code]).toEqual(['failed', 'OM4001'])
  })
})

describe('a verification that did not look, or did not run, is never a passed one (P1)', () => {
  let cells: CellsInProcess
  let moveId = ''
  beforeAll(async () => {
    cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: plantedCell, config: { tenancy: PLANTED_TENANCY, copy: { jobs: 2, chunk_rows: 5 }, sequences: 'check' } })
    const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
    expect([paused.error, paused.state, paused.verification.verdict]).toEqual([null, 'paused', 'equal'])
    moveId = paused.moveId ?? ''
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  const route = async (): Promise<unknown> => (await cells.app.routeGet('1')).cell
  const notes = `move_id = (SELECT id FROM org_mover.move) AND table_no = (SELECT table_no FROM org_mover.move_table WHERE table_name = 'notes')`

  test.each(['true', 'chunk_no = 1', 'chunk_no = 2', 'chunk_no = 3'])('chunks of a table that are not in the journal (%s)', async (which) => {
    await cells.control.query(`CREATE TABLE kept AS SELECT * FROM org_mover.chunk WHERE ${notes} AND ${which}; DELETE FROM org_mover.chunk WHERE ${notes} AND ${which}`)
    try {
      const { error, verification } = await cells.app.verify(moveId, cells.io)
      expect([error?.code, error?.message, verification.verdict]).toEqual(['OM4002', expect.stringContaining('planted.notes'), 'incomplete'])
      const resumed = await cells.app.resume(moveId, cells.io)
      expect([resumed.error?.code, await route()]).toEqual(['OM4002', 'cell-a'])
    } finally {
      await cells.control.query('INSERT INTO org_mover.chunk SELECT * FROM kept; DROP TABLE kept')
    }
  })

  test.each([null, 'not_run', 'incomplete', 'different'])('with the verdict %s the route does not flip before both sides were read again', async (verdict) => {
    const b = cells.databases.b.get('main')
    if (b === undefined) throw new RangeError('no main database')
    await pastTheFence(b, () => b.query(`INSERT INTO planted.notes (id, organization_id) VALUES (11, 1)`))
    await cells.control.query(`UPDATE org_mover.move SET verification = CASE WHEN $1::text IS NULL THEN NULL ELSE verification || jsonb_build_object('verdict', $1::text) END`, [verdict])
    const { error, state } = await cells.app.resume(moveId, cells.io)
    expect([error?.code, state, await route()]).toEqual(['OM4001', 'failed', 'cell-a'])
    await pastTheFence(b, () => b.query('DELETE FROM planted.notes WHERE id = 11'))
  })

  test('verified again, it goes on; and what is retained is looked at whole as well', async () => {
    const verified = await cells.app.verify(moveId, cells.io)
    expect([verified.error, verified.verification.verdict]).toEqual([null, 'equal'])
    const moved = await cells.app.resume(moveId, cells.io)
    expect([moved.error, moved.state, await route()]).toEqual([null, 'cut_over', 'cell-b'])
    await cells.control.query(`DELETE FROM org_mover.chunk WHERE ${notes} AND chunk_no = 2`)
    expect((await cells.app.verify(moveId, cells.io)).error?.code).toBe('OM4002')
  })
})

function differenceOf({ table, key, kind, columns }: PlantedRows['found'][number]): unknown {
  return { schema: 'planted', table, primaryKey: key ?? { md5: expect.any(String) }, kind, columns: columns ?? [] }
}
