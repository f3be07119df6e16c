import { describe, expect, test } from 'vitest'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, SmallCells } from '../support/small-cells.js'

/** Somebody changes what was copied, past the fence, before it is verified. */
async function copiedThen(cells: SmallCells, ...changes: readonly string[]): Promise<string> {
  const paused = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', pauseBefore: 'verify' }, io))
  expect([paused.exit, paused.document?.state], paused.message).toEqual([0, 'paused'])
  await pastTheFence(cells, ...changes)
  return paused.document?.moveId ?? ''
}

async function pastTheFence(cells: SmallCells, ...changes: readonly string[]): Promise<void> {
  const { target } = cells.databases
  await target.query(`SET session_replication_role = replica; SELECT set_config('org_mover.pass', (SELECT pass FROM org_mover.guard), false)`)
  for (const change of changes) expect(await target.query(`${change} RETURNING 1`), change).not.toEqual([])
  await target.query('RESET session_replication_role; RESET org_mover.pass')
}

const resume = async (cells: SmallCells, id: string): Promise<Ended> => cells.run((app, io) => app.resume(id, io))
const WORST = [`UPDATE public.issues SET title = 'x' WHERE id = 101`, 'DELETE FROM public.events WHERE id = 102 AND organization_id = 1', `UPDATE public.projects SET path = 'x' WHERE id = 102`, 'UPDATE public.labels SET organization_id = 101 WHERE id = 102']

describe('resume loads the chunks again that differed (P1)', () => {
  test('changed, lost and re-owned rows are right again, exactly their chunks are loaded, and the move goes on', async () => {
    await using whole = await smallCells()
    expect((await whole.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))).exit).toBe(0)
    await using cells = await smallCells()
    const id = await copiedThen(cells, ...WORST)
    const found = await resume(cells, id)
    expect([found.exit, found.code], found.message).toEqual([4, 'OM4001'])
    const ledger = async () => new Map((await cells.databases.target.query<{ chunk: string; at: string }>(`SELECT table_no || '/' || chunk_no AS chunk, loaded_at::text AS at FROM org_mover.ledger`)).map((row) => [row.chunk, row.at]))
    const [before, differing] = [await ledger(), await cells.databases.control.query<{ chunk: string }>(`SELECT table_no || '/' || chunk_no AS chunk FROM org_mover.chunk WHERE NOT verified AND source_fingerprint IS NOT NULL ORDER BY 1`)]
    await cells.databases.control.query(`UPDATE org_mover.move SET pause_before = 'cutover' WHERE id = $1`, [id])
    const repaired = await resume(cells, id)
    expect([repaired.exit, repaired.document?.state, repaired.document?.verification.verdict], repaired.message).toEqual([0, 'paused', 'equal'])
    const after = await ledger()
    expect([...after].filter(([chunk, at]) => before.get(chunk) !== at).map(([chunk]) => chunk).sort()).toEqual(differing.map(({ chunk }) => chunk))
    expect(differing).toHaveLength(4)
    const done = await resume(cells, id)
    expect([done.exit, done.document?.state], done.message).toEqual([0, 'cut_over'])
    expect((await cells.look()).b.rows).toEqual((await whole.look()).b.rows)
  })

  test('a verification that passed and then does not, by `verify`: resume repairs instead of going on to the cutover', async () => {
    await using cells = await smallCells()
    const paused = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', pauseBefore: 'cutover' }, io))
    const id = paused.document?.moveId ?? ''
    await pastTheFence(cells, ...WORST)
    const verified = await cells.run((app, io) => app.verify(id, io))
    expect([verified.exit, verified.code], verified.message).toEqual([4, 'OM4001'])
    const done = await resume(cells, id)
    expect([done.exit, done.document?.state, done.document?.verification.verdict], done.message).toEqual([0, 'cut_over', 'equal'])
  })

  test('a row that nobody sent is never deleted: exit 4 by name, the source fenced; abort names it too', async () => {
    await using cells = await smallCells()
    const id = await copiedThen(cells, `INSERT INTO public.issues VALUES (199, 101, 'nobody sent it')`, ...WORST)
    for (const attempt of [1, 2, 3, 4]) {
      const ended = await resume(cells, id)
      expect([attempt, ended.exit, ended.code], ended.message).toEqual([attempt, 4, 'OM4001'])
      if (attempt > 1) expect(ended.document?.verification).toMatchObject({ missing: 0, mismatching: 0, extraneous: 1, examples: [{ table: 'issues', kind: 'extraneous', primaryKey: { id: '199' } }] })
    }
    expect(await cells.databases.target.query('SELECT title FROM public.issues WHERE id = 199')).toEqual([{ title: 'nobody sent it' }])
    await expect(cells.databases.source.query('UPDATE public.organizations SET name = name WHERE id = 1')).rejects.toMatchObject({ code: 'OM001' })
    expect(await cells.route()).toBe('cell-a')
    const aborted = await cells.run((app, io) => app.abort(id, io))
    expect([aborted.exit, aborted.code], aborted.message).toEqual([3, 'OM2107'])
  })

  test('as often as configured over the whole move, then it only verifies and names the rows; abort takes the move back', async () => {
    await using cells = await smallCells({ config: { verify: { repair_attempts: 1 } } })
    const before = await cells.look()
    const id = await copiedThen(cells, WORST[0] ?? '')
    const repairs = async (): Promise<number> => (await cells.databases.control.query(`SELECT FROM org_mover.event WHERE kind = 'repairing'`)).length
    expect((await resume(cells, id)).exit).toBe(4)
    expect(await repairs()).toBe(0)
    await cells.databases.control.query(`UPDATE org_mover.move SET pause_before = 'cutover' WHERE id = $1`, [id])
    expect((await resume(cells, id)).exit).toBe(0)
    expect(await repairs()).toBe(1)
    await pastTheFence(cells, WORST[0] ?? '')
    expect((await cells.run((app, io) => app.verify(id, io))).exit).toBe(4)
    const spent = await resume(cells, id)
    expect([spent.exit, spent.code, spent.document?.verification.examples.map(({ table, primaryKey }) => [table, primaryKey])], spent.message).toEqual([4, 'OM4001', [['issues', { id: '101' }]]])
    expect(await repairs()).toBe(1)
    const aborted = await cells.run((app, io) => app.abort(id, io))
    expect([aborted.exit, aborted.document?.state], aborted.message).toEqual([0, 'aborted'])
    expect(await cells.look()).toEqual(before)
  })
})
