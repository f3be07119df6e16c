import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bystanders, demoCells } from '../support/demo-cells.js'
import type { DemoCells, Picture } from '../support/demo-cells.js'
import { inTheMiddleOf, leaseHasEnded, moveUntil, moveWhole, picturesOf } from '../support/demo-moves.js'

describe('a purge deletes what was verified and nothing else, or nothing at all (P9)', () => {
  let cells: DemoCells
  let before: { readonly a: Picture; readonly b: Picture }
  let moveId: string
  let moved: { readonly a: Picture; readonly b: Picture }

  beforeAll(async () => {
    cells = await demoCells({ config: { copy: { jobs: 2, chunk_rows: 3 }, lease: '3s' } })
    before = await picturesOf(cells)
    moveId = await moveWhole(cells)
    moved = await picturesOf(cells)
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  const purge = async (...more: readonly string[]) => cells.orgMover(['purge', moveId, '--yes', ...more])
  const waived = () => `--waive-retention=${cells.org}`
  /** Refused before the first deletion, with this code; both cells are as they were after the move. */
  const expectRefused = async (run: Awaited<ReturnType<typeof purge>>, exit: number, code: string): Promise<void> => {
    expect({ exit: run.code, code: run.json.error?.code, hint: (run.json.error?.hint ?? '') !== '' }, run.stderr).toEqual({ exit, code, hint: true })
    expect(await picturesOf(cells)).toEqual(moved)
  }

  test('refused while the retention lasts', async () => {
    await expectRefused(await purge(), 3, 'OM6001')
  })

  test('refused where the waiver names another organization, or a person is not there to confirm', async () => {
    await expectRefused(await purge(`--waive-retention=${cells.neighbours[0]}`), 2, 'OM1004')
    await expectRefused(await cells.orgMover(['purge', moveId, waived()]), 2, 'OM1008')
  })

  test('refused where the route leads to the source, and where there is no route', async () => {
    const route = async (cell: string | null): Promise<void> => {
      await cells.control.query('DELETE FROM org_mover.route WHERE organization = $1', [cells.org])
      if (cell !== null) await cells.control.query('INSERT INTO org_mover.route VALUES ($1, $2, 7)', [cells.org, cell])
    }
    for (const cell of ['cell-a', null]) {
      await route(cell)
      await expectRefused(await purge(waived()), 3, 'OM6004')
    }
    await route('cell-b')
  })

  test('refused where a row was added on the source past the fence', async () => {
    const [row] = await pastTheFence(`INSERT INTO audit_events (created_at, organization_id, details) VALUES ('2024-06-01', $1, '{}') RETURNING id::text`)
    const run = await purge(waived())
    await pastTheFence('DELETE FROM audit_events WHERE organization_id = $1 AND id = $2', row?.id)
    await expectRefused(run, 3, 'OM6002')
    expect(run.json.error?.message).toContain('audit_events')
  })

  test('stopped by a neighbour\'s new reference to a row that would go: both rows stay', async () => {
    const [neighbour = ''] = cells.neighbours
    // subgroups refer to groups: the fence does not forbid a neighbour to point at rows that leave
    const [namespace] = await cells.a.query<{ id: string }>('SELECT min(id)::text AS id FROM namespaces WHERE organization_id = $1', [cells.org])
    const [borrower] = await cells.a.query<{ id: string; parent: string | null }>('SELECT id::text, parent_id::text AS parent FROM namespaces WHERE organization_id = $1 ORDER BY id DESC LIMIT 1', [neighbour])
    expect(await cells.a.query('UPDATE namespaces SET parent_id = $2 WHERE id = $1 RETURNING parent_id::text AS id', [borrower?.id, namespace?.id])).toEqual([{ id: expect.any(String) }])
    const run = await purge(waived())
    expect({ exit: run.code, code: run.json.error?.code, state: run.json.state }, run.stderr).toEqual({ exit: 3, code: 'OM6003', state: 'purging' })
    expect(run.json.error?.message).toContain('namespaces')
    expect(await cells.a.query('SELECT FROM namespaces WHERE id = $1', [namespace?.id])).toHaveLength(1)
    await cells.a.query('UPDATE namespaces SET parent_id = $2 WHERE id = $1', [borrower?.id, borrower?.parent])
  })

  test('stopped by a row that was changed on the source past the fence: that row stays', async () => {
    const changed = await pastTheFence(`UPDATE organizations SET name = name || '!' WHERE id = $1 RETURNING name`)
    const run = await purge(waived())
    expect({ exit: run.code, code: run.json.error?.code, state: run.json.state }, run.stderr).toEqual({ exit: 3, code: 'OM6002', state: 'purging' })
    expect(run.json.error?.message).toContain('organizations')
    expect(await cells.a.query('SELECT name FROM organizations WHERE id = $1', [cells.org])).toEqual(changed)
    await pastTheFence('UPDATE organizations SET name = left(name, -1) WHERE id = $1')
  })

  test('run again when all is put right, it ends, and no row or object of the move is left on the source', async () => {
    const { code, json, stderr } = await purge(waived())
    expect({ code, state: json.state, error: json.error }, stderr).toEqual({ code: 0, state: 'completed', error: null })
    const after = await picturesOf(cells)
    expect(bystanders(after.a, cells.org)).toEqual(bystanders(before.a, cells.org))
    expect(after.a.organizations.has(cells.org)).toBe(false)
    expect(after.a.objects).toEqual(before.a.objects)
    expect(after.b).toEqual(moved.b)
  })

  test('killed in the middle and run again, it ends in the same way', async () => {
    const [org = ''] = cells.neighbours
    const start = await picturesOf(cells)
    const id = await moveWhole(cells, { org })
    const purger = cells.start(['purge', id, '--yes', `--waive-retention=${org}`])
    await inTheMiddleOf(cells, 'purged', { org, process: purger, atLeast: 5 })
    purger.kill('SIGKILL')
    await purger.result
    await leaseHasEnded(cells, id)
    const resumed = await cells.orgMover(['resume', id, '--yes'])
    expect([resumed.code, resumed.json.error?.code]).toEqual([3, 'OM2006'])
    const { code, json, stderr } = await cells.orgMover(['purge', id, '--yes', `--waive-retention=${org}`])
    expect({ code, state: json.state, error: json.error }, stderr).toEqual({ code: 0, state: 'completed', error: null })
    const after = await picturesOf(cells)
    expect(bystanders(after.a, org)).toEqual(bystanders(start.a, org))
    expect(after.a.organizations.has(org)).toBe(false)
    expect(after.a.objects).toEqual(start.a.objects)
    expect(after.b.organizations.get(org)).toEqual(start.a.organizations.get(org))
  })

  test('a move that has not cut over is not purged', async () => {
    const org = cells.neighbours[1] ?? ''
    const id = await moveUntil(cells, 'cutover', { org })
    const start = await picturesOf(cells)
    const { code, json } = await cells.orgMover(['purge', id, '--yes', `--waive-retention=${org}`])
    expect([code, json.error?.code]).toEqual([3, 'OM2006'])
    expect(await picturesOf(cells)).toEqual(start)
  })

  /** As somebody who knows the mover's pass. */
  async function pastTheFence(text: string, ...params: readonly unknown[]): Promise<Record<string, unknown>[]> {
    await cells.a.query(`SELECT set_config('org_mover.pass', (SELECT pass FROM org_mover.guard), false)`)
    try {
      return await cells.a.query(text, [cells.org, ...params])
    } finally {
      await cells.a.query('RESET org_mover.pass')
    }
  }
})
