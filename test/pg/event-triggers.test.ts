import { describe, expect, test } from 'vitest'
import { fencedCells, mainOf, tried } from '../support/fenced-cells.js'
import type { Refusal } from '../support/fenced-cells.js'
import type { CellsInProcess } from '../support/cells-in-process.js'

const raises = (tag: string): string => `
  CREATE FUNCTION raises() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL tonight'; END $$;
  CREATE EVENT TRIGGER raises ON ddl_command_start WHEN TAG IN ('${tag}') EXECUTE FUNCTION raises()`

const written = (cells: CellsInProcess, cell: 'a' | 'b'): Promise<Refusal | null> => tried(mainOf(cells, cell), 'UPDATE projects SET title = title WHERE id = 10')

describe('an event trigger that begins to raise on the target while a move rests before its cutover', () => {
  test('at what lifts a fence: the route does not flip to a cell that would reject every write (P3)', async () => {
    await using cells = await fencedCells()
    const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
    await mainOf(cells, 'b').query(raises('CREATE FUNCTION'))
    const stopped = await cells.app.resume(rested.moveId ?? '', cells.io)
    expect(stopped).toMatchObject({ state: 'failed', phase: 'cutover', error: { code: 'OM4003', message: expect.stringContaining('no DDL tonight') } })
    expect(await cells.app.routeGet('1')).toMatchObject({ cell: 'cell-a' })
    await mainOf(cells, 'b').query('DROP EVENT TRIGGER raises')
    expect(await written(cells, 'b')).toMatchObject({ code: 'OM001' })
    expect(await cells.app.resume(rested.moveId ?? '', cells.io)).toMatchObject({ state: 'cut_over', error: null })
    expect(await written(cells, 'b')).toBeNull()
  })

  test('at what cleans up: the target serves, and the rest waits for another resume', async () => {
    await using cells = await fencedCells()
    const rested = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'cutover' }, cells.io)
    await mainOf(cells, 'b').query(raises('DROP TRIGGER'))
    const stopped = await cells.app.resume(rested.moveId ?? '', cells.io)
    expect(stopped).toMatchObject({ state: 'cut_over', error: { code: 'OM3007' }, next: `org-mover resume ${rested.moveId}` })
    expect([(await cells.app.routeGet('1')).cell, await written(cells, 'b'), (await written(cells, 'a'))?.code]).toEqual(['cell-b', null, 'OM001'])
    await mainOf(cells, 'b').query('DROP EVENT TRIGGER raises')
    expect(await cells.app.resume(rested.moveId ?? '', cells.io)).toMatchObject({ state: 'cut_over', error: null })
  })
})
