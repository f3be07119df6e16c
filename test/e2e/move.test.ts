import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MoveDocument } from '../../src/domain/documents.js'
import { MOVE_PHASES } from '../../src/domain/vocabulary.js'
import type { MovePhase } from '../../src/domain/vocabulary.js'
import { bystanders, demoCells, pictureOf } from '../support/demo-cells.js'
import type { DemoCells, Picture } from '../support/demo-cells.js'
import type { TestDatabase } from '../support/database.js'
import { assertNoLeaks } from '../support/leak-check.js'
import { GLOBAL } from '../support/oracle.js'

/** Both cells, as they were found when the move stood still. */
interface Stop {
  readonly a: Picture
  readonly b: Picture
  /** Shared and lookup rows of the target, by table and key. */
  readonly sharedOnTarget: ReadonlyMap<string, string>
}

/** Tables of the cell itself to which a move may add rows on the target; nothing else outside the organization may change. */
const ADDED_TO = ['users', 'emails', 'topics']

describe('a whole move of one organization', () => {
  let cells: DemoCells
  let before: Stop
  /** Where the move stood still: before that phase, after the cutover, after the purge. */
  const stops = new Map<MovePhase | 'done' | 'purged', Stop>()
  const documents = new Map<string, { readonly code: number | null; readonly json: MoveDocument }>()
  let moveId = ''

  const look = async (): Promise<Stop> => ({ a: await pictureOf(cells.a), b: await pictureOf(cells.b), sharedOnTarget: await sharedRows(cells.b) })
  const stopAt = (name: MovePhase | 'done' | 'purged'): Stop => {
    const found = stops.get(name)
    if (found === undefined) throw new Error(`the move never stood at ${name}`)
    return found
  }
  const documentAt = (name: string): { readonly code: number | null; readonly json: MoveDocument } => {
    const found = documents.get(name)
    if (found === undefined) throw new Error(`no document of ${name}`)
    return found
  }

  // one move, stopped before every phase: the tests below look at what was seen at each stop
  beforeAll(async () => {
    cells = await demoCells()
    before = await look()
    const { org } = cells
    let latest: { readonly code: number | null; readonly json: MoveDocument } = await cells.orgMover(['move', '--org', org, '--to', 'cell-b', '--pause-before', 'freeze', '--yes'])
    moveId = latest.json.moveId ?? ''
    documents.set('move', latest)
    stops.set('freeze', await look())
    for (const phase of MOVE_PHASES.slice(MOVE_PHASES.indexOf('freeze') + 1)) {
      // an operator's pause is journaled with the move; here the next one is asked for in its place
      await cells.control.query('UPDATE org_mover.move SET pause_before = $2 WHERE id = $1', [moveId, phase])
      latest = await cells.orgMover(['resume', moveId, '--yes'])
      documents.set(`before ${phase}`, latest)
      stops.set(phase, await look())
    }
    documents.set('verify before cutover', await cells.orgMover(['verify', moveId]))
    documents.set('resume', await cells.orgMover(['resume', moveId, '--yes']))
    stops.set('done', await look())
    documents.set('verify after cutover', await cells.orgMover(['verify', moveId]))
    documents.set('purge', await cells.orgMover(['purge', moveId, '--yes', `--waive-retention=${org}`]))
    stops.set('purged', await look())
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  test('every command ends with 0 and says where the move stands', () => {
    expect([...documents].map(([name, { code, json }]) => [name, code, json.state, json.error])).toEqual([
      ['move', 0, 'paused', null],
      ['before copy', 0, 'paused', null],
      ['before verify', 0, 'paused', null],
      ['before cutover', 0, 'paused', null],
      ['verify before cutover', 0, 'paused', null],
      ['resume', 0, 'cut_over', null],
      ['verify after cutover', 0, 'cut_over', null],
      ['purge', 0, 'completed', null],
    ])
  })

  test('no other organization changes on either cell, at any stop (P2)', () => {
    for (const [name, stop] of stops) {
      const others = { withGlobal: false }
      expect(bystanders(stop.a, cells.org, others), `cell-a at ${name}`).toEqual(bystanders(before.a, cells.org, others))
      expect(bystanders(stop.b, cells.org, others), `cell-b at ${name}`).toEqual(bystanders(before.b, cells.org, others))
      expect(stop.a.organizations.get(GLOBAL), `rows of nobody on cell-a at ${name}`).toEqual(before.a.organizations.get(GLOBAL))
    }
  })

  test('of the rows that belong to nobody the target gains shared and lookup rows, and loses or changes none (P2)', () => {
    const rest = (picture: Picture) => picture.organizations.get(GLOBAL)?.filter((listed) => !ADDED_TO.includes(listed.table))
    for (const [name, stop] of stops) {
      expect(rest(stop.b), name).toEqual(rest(before.b))
      expect(Object.fromEntries([...stop.sharedOnTarget].filter(([key]) => before.sharedOnTarget.has(key))), name).toEqual(Object.fromEntries(before.sharedOnTarget))
    }
    for (const name of ['freeze', 'copy'] as const) expect(stopAt(name).sharedOnTarget, name).toEqual(before.sharedOnTarget)
    expect(stopAt('verify').sharedOnTarget.size).toBeGreaterThan(before.sharedOnTarget.size)
  })

  test('the organization stays whole on the source until the purge, and then no row of it is left there (P1)', () => {
    const listed = before.a.organizations.get(cells.org)
    expect(listed?.length).toBeGreaterThan(40)
    for (const name of ['freeze', 'copy', 'verify', 'cutover', 'done'] as const) expect(stopAt(name).a.organizations.get(cells.org), name).toEqual(listed)
    expect(stopAt('purged').a.organizations.has(cells.org)).toBe(false)
  })

  test('from the copy on the target lists every table, row and value that the source listed before, and nothing earlier (P1)', () => {
    for (const name of ['freeze', 'copy'] as const) expect(stopAt(name).b.organizations.has(cells.org), name).toBe(false)
    for (const name of ['verify', 'cutover', 'done', 'purged'] as const) expect(stopAt(name).b.organizations.get(cells.org), name).toEqual(before.a.organizations.get(cells.org))
  })

  test('prepare creates nothing; what stands during the move is the mover\'s own; after the purge every object is as before', () => {
    expect(stopAt('freeze').a.objects).toEqual(before.a.objects)
    expect(stopAt('freeze').b.objects).toEqual(before.b.objects)
    for (const name of ['copy', 'verify', 'cutover', 'done'] as const) {
      for (const side of ['a', 'b'] as const) {
        const [then, now] = [new Set(before[side].objects), new Set(stopAt(name)[side].objects)]
        expect([...then].filter((line) => !now.has(line)), `gone from cell-${side} at ${name}`).toEqual([])
        expect([...now].filter((line) => !then.has(line) && !/org_mover/.test(line)), `new on cell-${side} at ${name}`).toEqual([])
      }
    }
    expect(stopAt('done').b.objects).toEqual(before.b.objects)
    expect(stopAt('purged').a.objects).toEqual(before.a.objects)
    expect(stopAt('purged').b.objects).toEqual(before.b.objects)
  })

  test('the verdict counts every row of every table, and the counts of the document are those of the independent listing (P1)', () => {
    const owned = (before.a.organizations.get(cells.org) ?? []).filter((listed) => !['users', 'emails'].includes(listed.table))
    const rows = owned.reduce((sum, listed) => sum + listed.count, 0)
    for (const name of ['resume', 'verify before cutover', 'verify after cutover', 'purge']) {
      expect(documentAt(name).json.verification, name).toMatchObject({ verdict: 'equal', rows, missing: 0, extraneous: 0, mismatching: 0, examples: [] })
    }
    for (const { table, count } of owned) {
      expect(documentAt('purge').json.tables.find((one) => one.table === table), table).toMatchObject({ rowsPlanned: count, rowsCopied: count, rowsVerified: count, rowsPurged: count, state: 'done' })
    }
  })

  test('the route leads to the target, one epoch further, from the cutover on (P7)', async () => {
    const { code, json } = await cells.orgMover(['route', 'get', '--org', cells.org])
    expect({ code, cell: json.cell, epoch: json.epoch }).toEqual({ code: 0, cell: 'cell-b', epoch: 2 })
  })

  test('status, list, init, doctor, discover and plan print the documents of their schemas and change nothing', async () => {
    const status = await cells.orgMover(['status', moveId.slice(0, 13)])
    expect({ code: status.code, ...status.json }).toMatchObject({ code: 0, moveId, org: cells.org, state: 'completed', source: 'cell-a', target: 'cell-b', next: null })
    const list = await cells.orgMover(['list', '--org', cells.org])
    expect(list.json.moves.map((move) => [move.moveId, move.state])).toEqual([[moveId, 'completed']])
    const init = await cells.orgMover(['init'])
    expect(init.code).toBe(0)
    const [neighbour = ''] = cells.neighbours
    const plan = await cells.orgMover(['plan', '--org', neighbour, '--to', 'cell-b'])
    expect(plan.code).toBe(0)
    expect(plan.json).toMatchObject({ org: neighbour, source: 'cell-a', target: 'cell-b', blocking: false, error: null })
    const owned = (before.a.organizations.get(neighbour) ?? []).filter((listed) => !['users', 'emails'].includes(listed.table))
    expect(plan.json.totals.rows).toBe(owned.reduce((sum, listed) => sum + listed.count, 0))
    const discover = await cells.orgMover(['discover', '--cell', 'cell-b'])
    expect(discover.code).toBe(0)
    const doctor = await cells.orgMover(['doctor'])
    expect(doctor.code).toBe(0)
    expect(await look()).toEqual(stopAt('purged'))
  })

  test('purge and resume of a completed move have nothing left to do', async () => {
    for (const command of ['purge', 'resume'] as const) {
      const { code, json } = await cells.orgMover([command, moveId, '--yes'])
      expect([command, code, json.state]).toEqual([command, 0, 'completed'])
    }
  })

  test('no session, prepared transaction or slot is left behind', async () => {
    for (const database of [cells.a, cells.b, cells.control]) await assertNoLeaks(database)
  })
})

async function sharedRows(database: TestDatabase): Promise<Map<string, string>> {
  const rows = await database.query<{ key: string; row: string }>(
    ['users', 'emails', 'topics', 'plans', 'shards'].map((table) => `SELECT '${table} ' || t.id AS key, t::text AS row FROM ${table} t`).join(' UNION ALL '),
  )
  return new Map(rows.map(({ key, row }) => [key, row]))
}
