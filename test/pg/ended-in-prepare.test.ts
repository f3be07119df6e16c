import { describe, expect, test } from 'vitest'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { fencedCells, mainOf } from '../support/fenced-cells.js'

/** Whatever the journal is told when prepare is about to end fails so. */
const failing = (sqlstate: string): string => `
  CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not tonight' USING ERRCODE = '${sqlstate}'; END $$;
  CREATE TRIGGER fails BEFORE UPDATE ON org_mover.move FOR EACH ROW WHEN (OLD.plan IS NULL AND NEW.plan IS NOT NULL) EXECUTE FUNCTION fails()`

async function untouched(cells: CellsInProcess): Promise<boolean> {
  const found = await Promise.all((['a', 'b'] as const).map((cell) => mainOf(cells, cell).query("SELECT 1 FROM pg_namespace WHERE nspname = 'org_mover'")))
  return found.every((rows) => rows.length === 0)
}

describe('a move that fails in prepare', () => {
  test('at what would stop it again is over: the next one can begin', async () => {
    await using cells = await fencedCells()
    await cells.control.query(failing('P0001'))
    const failed = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect(failed).toMatchObject({ state: 'aborted', phase: 'prepare', error: { code: 'OM3007' }, next: 'org-mover plan --org 1 --to cell-b --from cell-a' })
    expect(await untouched(cells)).toBe(true)
    await cells.control.query('DROP TRIGGER fails ON org_mover.move')
    expect(await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)).toMatchObject({ state: 'cut_over', error: null })
  })

  test('at what may just be run again stays, and the next one is told what to type', async () => {
    await using cells = await fencedCells()
    await cells.control.query(failing('57014'))
    const failed = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect(failed).toMatchObject({ state: 'failed', phase: 'prepare', error: { code: 'OM3012' }, next: `org-mover resume ${failed.moveId}` })
    await expect(cells.app.move({ org: '1', to: 'cell-b' }, cells.io)).rejects.toMatchObject({ code: 'OM2003', hint: `run \`org-mover resume ${failed.moveId}\` or \`org-mover abort ${failed.moveId}\` first` })
    await cells.control.query('DROP TRIGGER fails ON org_mover.move')
    expect(await cells.app.resume(failed.moveId ?? '', cells.io)).toMatchObject({ state: 'cut_over', error: null })
  })

  test('after the first fence stood stays, whatever it was, until it is resumed or aborted', async () => {
    await using cells = await fencedCells()
    await mainOf(cells, 'b').query(`CREATE FUNCTION raises() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL tonight'; END $$; CREATE EVENT TRIGGER raises ON ddl_command_start WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION raises()`)
    const failed = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect(failed).toMatchObject({ state: 'failed', phase: 'freeze', error: { code: 'OM3007', message: expect.stringContaining('no DDL tonight') } })
    await mainOf(cells, 'b').query('DROP EVENT TRIGGER raises')
    expect(await cells.app.abort(failed.moveId ?? '', cells.io)).toMatchObject({ state: 'aborted', error: null })
    expect(await untouched(cells)).toBe(true)
  })

  test('before a row was looked at says so, as the plan does: there may be more to find', async () => {
    await using cells = await fencedCells()
    await mainOf(cells, 'b').query('ALTER TABLE projects RENAME COLUMN title TO headline')
    expect(await cells.app.plan({ org: '1', to: 'cell-b' })).toMatchObject({ blocking: true, rowsChecked: false, totals: { rows: 0 } })
    const failed = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect(failed).toMatchObject({ state: 'aborted', error: { code: 'OM2007', hint: expect.stringContaining('No row was looked at yet') }, retainedUntil: null })
    await mainOf(cells, 'b').query('ALTER TABLE projects RENAME COLUMN headline TO title')
    expect(await cells.app.plan({ org: '1', to: 'cell-b' })).toMatchObject({ blocking: false, rowsChecked: true })
    expect(await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)).toMatchObject({ state: 'cut_over', retainedUntil: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) })
  })
})
