import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bystanders, demoCells, pictureOf } from '../support/demo-cells.js'
import type { DemoCells, Picture } from '../support/demo-cells.js'
import { inTheMiddleOf, leaseHasEnded, picturesOf } from '../support/demo-moves.js'
import { assertNoLeaks } from '../support/leak-check.js'
import { GLOBAL } from '../support/oracle.js'

describe('a mover that dies, stops or is overtaken (P5, P6)', () => {
  let cells: DemoCells
  let before: { readonly a: Picture; readonly b: Picture }
  let bigOrg: string
  /** Chunks of a few rows for the small organizations, so that there is a middle to stand in. */
  let fineGrained: string

  beforeAll(async () => {
    cells = await demoCells({ bigOrgRows: 20_000, config: { copy: { jobs: 2, chunk_rows: 500 }, lease: '3s' } })
    fineGrained = await cells.configure((config) => Object.assign(config, { copy: { jobs: 2, chunk_rows: 3 } }))
    bigOrg = cells.neighbours.at(-1) ?? ''
    before = await picturesOf(cells)
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  const chunksOnTarget = async (moveId: string): Promise<number> => {
    const [row] = await cells.b.query<{ n: number }>('SELECT count(*)::int AS n FROM org_mover.ledger WHERE move_id = $1', [moveId])
    return row?.n ?? 0
  }

  test('killed in the middle of the copy, then aborted: both cells are as before', async () => {
    const mover = cells.start(['move', '--org', bigOrg, '--to', 'cell-b', '--yes'])
    const { moveId } = await inTheMiddleOf(cells, 'loaded', { org: bigOrg, process: mover })
    mover.kill('SIGKILL')
    expect((await mover.result).code).toBe(null)
    await leaseHasEnded(cells, moveId)
    const { code, json } = await cells.orgMover(['abort', moveId, '--yes'])
    expect({ code, state: json.state, error: json.error }).toEqual({ code: 0, state: 'aborted', error: null })
    expect(await picturesOf(cells)).toEqual(before)
  })

  test('terminated, resumed, killed in the middle of the copy, resumed: it ends as an undisturbed move does', async () => {
    const first = cells.start(['move', '--org', bigOrg, '--to', 'cell-b', '--yes'])
    const { moveId } = await inTheMiddleOf(cells, 'loaded', { org: bigOrg, process: first })
    first.kill('SIGTERM')
    expect((await first.result).code).toBe(143)
    const paused = await cells.orgMover(['status', moveId])
    expect(paused.json).toMatchObject({ state: 'paused', phase: 'copy', error: null, next: `org-mover resume ${moveId}` })

    // as after a kill between a chunk's commit on the target and its mark in the journal: the ledger alone knows
    await cells.control.query('UPDATE org_mover.chunk SET loaded = false WHERE move_id = $1', [moveId])
    const loaded = await chunksOnTarget(moveId)
    const second = cells.start(['resume', moveId, '--yes'])
    await inTheMiddleOf(cells, 'loaded', { org: bigOrg, process: second, atLeast: loaded + 3 })
    second.kill('SIGKILL')
    await second.result
    await leaseHasEnded(cells, moveId)

    const { code, json } = await cells.orgMover(['resume', moveId, '--yes'])
    expect({ code, state: json.state, verdict: json.verification.verdict, error: json.error }).toEqual({ code: 0, state: 'cut_over', verdict: 'equal', error: null })
    const after = await picturesOf(cells)
    expect(after.b.organizations.get(bigOrg)).toEqual(before.a.organizations.get(bigOrg))
    expect(after.a.organizations).toEqual(before.a.organizations)
    expect(bystanders(after.b, bigOrg, { withGlobal: false })).toEqual(bystanders(before.b, bigOrg, { withGlobal: false }))
    expect(after.b.objects).toEqual(before.b.objects)
  })

  test('while the driver lives, standing still or not, no other process may drive: exit 5', async () => {
    const { org } = cells
    const patient = await cells.configure((config) => Object.assign(config, { copy: { jobs: 2, chunk_rows: 3 }, lease: '5m' }))
    const mover = cells.start(['move', '--org', org, '--to', 'cell-b', '--yes', '--config', patient])
    const { moveId } = await inTheMiddleOf(cells, 'loaded', { org, process: mover })
    mover.kill('SIGSTOP')
    for (const command of ['resume', 'abort'] as const) {
      const other = await cells.orgMover([command, moveId, '--yes'])
      expect([command, other.code, other.json.error?.code]).toEqual([command, 5, 'OM3004'])
    }
    mover.kill('SIGCONT')
    expect((await mover.result).code).toBe(0)
    expect((await pictureOf(cells.b)).organizations.get(org)).toEqual(before.a.organizations.get(org))
  })

  test('a driver that stood still until another took over fails when it wakes up, and changes nothing', async () => {
    const [org = ''] = cells.neighbours
    const sleeper = cells.start(['move', '--org', org, '--to', 'cell-b', '--yes', '--config', fineGrained])
    const { moveId } = await inTheMiddleOf(cells, 'loaded', { org, process: sleeper })
    sleeper.kill('SIGSTOP')
    await leaseHasEnded(cells, moveId)
    const other = await cells.orgMover(['resume', moveId, '--yes'])
    expect({ code: other.code, state: other.json.state, error: other.json.error }).toEqual({ code: 0, state: 'cut_over', error: null })
    const done = { pictures: await picturesOf(cells), journal: await journalOf(moveId) }
    sleeper.kill('SIGCONT')
    const woken = await sleeper.result
    expect(woken.code).toBe(5)
    expect(JSON.parse(woken.stdout)).toMatchObject({ moveId, error: { code: 'OM3005' } })
    expect({ pictures: await picturesOf(cells), journal: await journalOf(moveId) }).toEqual(done)
    expect(done.pictures.b.organizations.get(org)).toEqual(before.a.organizations.get(org))
  })

  test('a driver whose epoch was overtaken on the target alone writes no further chunk there', async () => {
    const org = cells.neighbours[1] ?? ''
    const late = cells.start(['move', '--org', org, '--to', 'cell-b', '--yes', '--config', fineGrained])
    const { moveId } = await inTheMiddleOf(cells, 'loaded', { org, process: late })
    // waits for the chunks under way, which hold the guard; the driver's sessions stay alive
    await cells.b.query('UPDATE org_mover.guard SET epoch = epoch + 1 WHERE move_id = $1', [moveId])
    const loaded = await chunksOnTarget(moveId)
    const { code, stdout } = await late.result
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({ moveId, error: { code: 'OM3005' } })
    expect(await chunksOnTarget(moveId)).toBe(loaded)
    expect((await pictureOf(cells.a)).organizations.get(org)).toEqual(before.a.organizations.get(org))
  })

  test('after all of that no neighbour has changed and no session is left', async () => {
    const moved = [cells.org, ...cells.neighbours]
    const untouched = (picture: Picture) => Object.fromEntries([...picture.organizations].filter(([id]) => !moved.includes(id) && id !== GLOBAL))
    const after = await picturesOf(cells)
    expect(after.a.organizations).toEqual(before.a.organizations)
    expect(untouched(after.b)).toEqual(untouched(before.b))
    for (const database of [cells.a, cells.b, cells.control]) await assertNoLeaks(database)
  })

  async function journalOf(moveId: string): Promise<unknown> {
    const [move] = await cells.control.query('SELECT to_jsonb(m) - $2::text[] AS move FROM org_mover.move m WHERE id = $1', [moveId, ['lease_until', 'lease_holder']])
    const events = await cells.control.query('SELECT seq, kind FROM org_mover.event WHERE move_id = $1 ORDER BY seq', [moveId])
    const runs = await cells.control.query('SELECT * FROM org_mover.phase_run WHERE move_id = $1 ORDER BY seq', [moveId])
    return { move, events, runs }
  }
})
