import { expect, test } from 'vitest'
import { silent } from '../../src/observability/progress.js'
import { whoAmI } from '../../src/move/who-am-i.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'

interface Line {
  readonly who: string
  readonly command: string
  readonly kind: string
  readonly code: string | null
  readonly of_move: boolean
}

async function refusals(cells: SmallCells): Promise<readonly Line[]> {
  return cells.databases.control.query<Line & Record<string, unknown>>(`SELECT who, command, kind, detail ->> 'code' AS code, move_id IS NOT NULL AS of_move FROM org_mover.event WHERE kind = 'refused' ORDER BY seq`)
}

test('a command that is refused or declined is on record: who, what, of which move, why', async () => {
  await using cells = await smallCells()
  const refused = async (command: string, expected: string, run: Parameters<SmallCells['run']>[0]): Promise<void> => {
    expect((await cells.run(run)).code, command).toBe(expected)
  }
  await refused('move', 'OM1005', (app, io) => app.move({ org: ORG, to: 'cell-nowhere' }, io))
  await refused('move', 'OM1008', (app, io) => app.move({ org: ORG, to: 'cell-b' }, { ...io, confirm: async () => false }))
  await refused('resume', 'OM1007', (app, io) => app.resume('no-such-move', io))
  expect((await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', pauseBefore: 'copy' }, io))).exit).toBe(0)
  const id = (await cells.moveId()) ?? ''
  await refused('move', 'OM2003', (app, io) => app.move({ org: ORG, to: 'cell-b' }, io))
  await refused('purge', 'OM2006', (app, io) => app.purge(id, { waiveRetention: ORG }, io))
  await refused('abort', 'OM1008', (app, io) => app.abort(id, { ...io, confirm: async () => false, progress: silent }))

  const line = (command: string, code: string, of_move: boolean): Line => ({ who: whoAmI(), command, kind: 'refused', code, of_move })
  expect(await refusals(cells)).toEqual([
    line('move', 'OM1005', false),
    line('move', 'OM1008', false),
    line('resume', 'OM1007', false),
    line('move', 'OM2003', false),
    line('purge', 'OM2006', true),
    line('abort', 'OM1008', true),
  ])
  // and a command that drove a move has its beginning and its end there
  const driven = await cells.databases.control.query<{ kind: string }>(`SELECT kind FROM org_mover.event WHERE move_id = $1 AND kind IN ('started', 'ended') AND command = 'move' ORDER BY seq`, [id])
  expect(driven.map(({ kind }) => kind)).toEqual(['started', 'ended'])
})
