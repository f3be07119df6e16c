import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoCells } from '../support/demo-cells.js'
import type { DemoCells, Picture } from '../support/demo-cells.js'
import { inTheMiddleOf, moveUntil, moveWhole, picturesOf } from '../support/demo-moves.js'
import { assertNoLeaks } from '../support/leak-check.js'

describe('abort leaves both cells as they were, row for row and object for object (P5)', () => {
  let cells: DemoCells
  let before: { readonly a: Picture; readonly b: Picture }

  // chunks of a few rows, so that there is a middle of the copy to be interrupted in
  beforeAll(async () => {
    cells = await demoCells({ config: { copy: { jobs: 2, chunk_rows: 3 } } })
    before = await picturesOf(cells)
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  for (const phase of ['copy', 'cutover'] as const) {
    test(`of a move that rests before ${phase}; to abort or resume it again is nothing left to do`, async () => {
      const moveId = await moveUntil(cells, phase)
      const aborted = await cells.orgMover(['abort', moveId, '--yes'])
      expect({ code: aborted.code, state: aborted.json.state, error: aborted.json.error }).toEqual({ code: 0, state: 'aborted', error: null })
      expect(await picturesOf(cells)).toEqual(before)
      const again = await cells.orgMover(['abort', moveId, '--yes'])
      expect({ code: again.code, state: again.json.state }).toEqual({ code: 0, state: 'aborted' })
      const resumed = await cells.orgMover(['resume', moveId, '--yes'])
      expect({ code: resumed.code, state: resumed.json.state }).toEqual({ code: 0, state: 'aborted' })
    })
  }

  test('of a move that was interrupted in the middle of its copy', async () => {
    const mover = cells.start(['move', '--org', cells.org, '--to', 'cell-b', '--yes'])
    const { moveId } = await inTheMiddleOf(cells, 'loaded', { org: cells.org, process: mover })
    mover.kill('SIGINT')
    expect((await mover.result).code).toBe(130)
    const [loaded] = await cells.b.query<{ chunks: number }>('SELECT count(*)::int AS chunks FROM org_mover.ledger')
    expect(loaded?.chunks).toBeGreaterThan(0)
    const { code, json } = await cells.orgMover(['abort', moveId, '--yes'])
    expect({ code, state: json.state, error: json.error }).toEqual({ code: 0, state: 'aborted', error: null })
    expect(await picturesOf(cells)).toEqual(before)
  })

  test('the route is unchanged by all of that, and nothing is left connected', async () => {
    const { json } = await cells.orgMover(['route', 'get', '--org', cells.org])
    expect({ cell: json.cell, epoch: json.epoch }).toEqual({ cell: 'cell-a', epoch: 1 })
    for (const database of [cells.a, cells.b, cells.control]) await assertNoLeaks(database)
  })

  test('a move that has cut over is not aborted: exit 3, and nothing changes', async () => {
    const moveId = await moveWhole(cells)
    const moved = await picturesOf(cells)
    const { code, json } = await cells.orgMover(['abort', moveId, '--yes'])
    expect(code).toBe(3)
    expect(json.error).toMatchObject({ code: 'OM2006', hint: expect.stringContaining('cell-b') })
    expect(await picturesOf(cells)).toEqual(moved)
    const status = await cells.orgMover(['status', moveId])
    expect(status.json.state).toBe('cut_over')
  })
})
