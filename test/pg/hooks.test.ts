import { describe, expect, test } from 'vitest'
import type { MoveDocument } from '../../src/domain/documents.js'
import { OutsideService } from '../support/outside/service.js'
import type { Fault, Request } from '../support/outside/service.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, SmallCells, SmallCellsOptions } from '../support/small-cells.js'

interface Made extends AsyncDisposable {
  readonly cells: SmallCells
  readonly app: OutsideService
  /** What the readiness probe answers, one after the other; the last one for good. */
  readonly readings: string[]
}

type Hooks = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

async function made(hooks: (app: OutsideService) => Hooks, options: SmallCellsOptions = {}): Promise<Made> {
  const readings = ['0']
  const app = await OutsideService.start(({ verb }) => (verb === 'ready' ? `${(readings.length > 1 ? readings.shift() : readings[0]) ?? ''}\n` : 'as you wish'))
  const cells = await smallCells({ ...options, config: { maintenance: hooks(app), lease: '10m' } })
  return {
    cells,
    app,
    readings,
    async [Symbol.asyncDispose]() {
      await cells[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
    },
  }
}

const all = (app: OutsideService, kind: 'http' | 'command'): Hooks => {
  const hook = kind === 'http' ? { http: app.url, headers: { 'x-token': 'let-me-in' } } : { command: app.command }
  return { enter: [{ ...hook, timeout: '3s' }], ready: [{ ...hook, timeout: '3s', gap: '10ms', limit: '20s' }], leave: [{ ...hook, timeout: '3s' }] }
}

const move = (cells: SmallCells): Promise<Ended> => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))

async function again(cells: SmallCells, command: 'resume' | 'abort'): Promise<Ended> {
  const id = (await cells.moveId()) ?? ''
  return cells.run((app, io) => app[command](id, io))
}

async function standing(cells: SmallCells): Promise<MoveDocument | null> {
  const id = (await cells.moveId()) ?? ''
  return (await cells.run((app) => app.status(id))).document
}

/** Whether the mover has made anything in a cell: guard, fence, key sets. */
async function touched(cells: SmallCells): Promise<readonly boolean[]> {
  const isThere = async (role: 'source' | 'target'): Promise<boolean> => (await cells.databases[role].query<{ there: boolean }>(`SELECT to_regnamespace('org_mover') IS NOT NULL AS there`))[0]?.there === true
  return [await isThere('source'), await isThere('target')]
}

describe.each(['http', 'command'] as const)('hooks by %s', (kind) => {
  test('run before the freeze and after the flip, with the facts of the move', async () => {
    await using it = await made((app) => all(app, kind))
    const { cells, app } = it
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    const id = await cells.moveId()
    expect(app.verbs()).toEqual(['enter', 'ready', 'ready', 'leave'])
    const [enter, , , leave] = app.seen
    const facts = { moveId: id, org: ORG, source: 'cell-a', target: 'cell-b' }
    expect([enter?.body, leave?.body]).toEqual([{ moment: 'enter', ...facts, serving: 'cell-a' }, { moment: 'leave', ...facts, serving: 'cell-b' }])
    if (kind === 'http') expect(enter?.headers['x-token']).toBe('let-me-in')
    else expect(leave?.variables).toEqual({ ORG_MOVER_MOMENT: 'leave', ORG_MOVER_MOVE_ID: id, ORG_MOVER_ORG: ORG, ORG_MOVER_SOURCE: 'cell-a', ORG_MOVER_TARGET: 'cell-b', ORG_MOVER_SERVING: 'cell-b' })
  })

  test.each<[Fault, string]>([
    ['silent before', kind === 'http' ? 'it did not answer within 3000 ms' : 'it did not end within 3000 ms, and was stopped'],
    ['status before', kind === 'http' ? 'it answered with HTTP status 418' : 'it ended with exit status 1'],
  ])('that fail (%s) stop the move with the fence stated; abort ends the maintenance that had begun', async (fault, why) => {
    await using it = await made((app) => all(app, kind))
    const { cells, app } = it
    app.failOnce('enter', fault)
    const ended = await move(cells)
    expect({ exit: ended.exit, code: ended.code, message: ended.message }).toEqual({ exit: 1, code: 'OM3011', message: `maintenance hook "enter" failed: ${why}. Now nothing is fenced; the application may be in maintenance, and cell-a serves` })
    expect(await touched(cells)).toEqual([false, false])
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect(app.verbs()).toEqual(['enter', 'leave'])
    expect(app.seen[1]?.body['serving']).toBe('cell-a')
  })
})

describe('a readiness probe', () => {
  test('must read zero twice in a row', async () => {
    await using it = await made((app) => all(app, 'http'))
    it.readings.splice(0, 1, '3', '0', '2', '0.0', '0')
    expect(await move(it.cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(it.app.verbs().filter((verb) => verb === 'ready')).toHaveLength(5)
  })

  test('is read again no sooner than after the gap', async () => {
    const readAt: number[] = []
    await using app = await OutsideService.start(() => {
      readAt.push(performance.now())
      return '0'
    })
    await using cells = await smallCells({ config: { lease: '10m', maintenance: { ready: [{ http: app.url, gap: '1500ms', limit: '20s' }] } } })
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(readAt).toHaveLength(2)
    expect((readAt[1] ?? 0) - (readAt[0] ?? 0)).toBeGreaterThanOrEqual(1_490)
  })

  test('that hangs is stopped with its limit, not with the time of one call', async () => {
    await using it = await made((app) => ({ ready: [{ http: app.url, timeout: '10m', limit: '2s' }] }))
    it.app.fault = () => 'silent before'
    const ended = await move(it.cells)
    expect([ended.exit, ended.code, ended.message]).toEqual([1, 'OM3011', expect.stringContaining('Now nothing is fenced')])
    expect(await touched(it.cells)).toEqual([false, false])
  })

  test('that does not come to rest stops the move at its limit, with nothing fenced; resume reads again', async () => {
    await using it = await made((app) => ({ ready: [{ http: app.url, gap: '20ms', limit: '200ms' }] }))
    it.readings[0] = '4'
    const ended = await move(it.cells)
    expect([ended.exit, ended.code, ended.message]).toEqual([1, 'OM3011', expect.stringContaining('it still reads 4 after 200 ms. Now nothing is fenced')])
    expect(await touched(it.cells)).toEqual([false, false])
    it.readings[0] = '0'
    expect(await again(it.cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test.each(['', 'none', '0 0', '0x0', 'null', '{"jobs": 0}'])('that yields %j has not read zero', async (reading) => {
    await using it = await made((app) => ({ ready: [{ http: app.url }] }))
    it.readings[0] = reading
    expect(await move(it.cells)).toMatchObject({ exit: 1, code: 'OM3011', message: expect.stringContaining('it did not yield one number') })
  })

  test.each(['SELECT NULL', 'SELECT id FROM organizations WHERE false', `SELECT 'none'`])('of %s has not read zero', async (sql) => {
    await using it = await made(() => ({ ready: [{ sql }] }))
    expect(await move(it.cells)).toMatchObject({ exit: 1, code: 'OM3011', message: expect.stringContaining('it did not yield one number') })
  })
})

describe('hooks in SQL', () => {
  const HOOKS: Hooks = {
    enter: [{ sql: `INSERT INTO maintenance VALUES (:org, 'window'::text)` }],
    ready: [{ sql: 'SELECT count(*) FROM maintenance WHERE org <> :org', cell: 'source', gap: '10ms' }],
    leave: [{ sql: `INSERT INTO maintenance VALUES (:org, 'over')` }],
  }

  test('find tables as the database does, and leave on the cell that serves then', async () => {
    await using it = await made(() => HOOKS)
    const { cells } = it
    for (const role of ['source', 'target'] as const) await cells.databases[role].query(`CREATE SCHEMA aside; CREATE TABLE aside.maintenance (org text, since text); ALTER DATABASE ${cells.databases[role].name} SET search_path = public, aside`)
    const lines = async (role: 'source' | 'target') => (await cells.databases[role].query<{ line: string }>(`SELECT org || ' ' || since AS line FROM aside.maintenance`)).map(({ line }) => line)
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect([await lines('source'), await lines('target')]).toEqual([[`${ORG} window`], [`${ORG} over`]])
  })

  test('end at their time', async () => {
    await using it = await made(() => ({ enter: [{ sql: 'SELECT pg_sleep(60)', timeout: '200ms' }] }))
    expect(await move(it.cells)).toMatchObject({ exit: 1, code: 'OM3011', message: expect.stringContaining('time limit') })
  })

  test('that are wrong say where they ran', async () => {
    await using it = await made(() => ({ enter: [{ sql: 'SELECT * FROM nowhere', cell: 'target' }] }))
    expect(await move(it.cells)).toMatchObject({ exit: 1, code: 'OM3011', message: expect.stringMatching(/cell-b\/main.*relation "nowhere" does not exist/) })
  })
})

describe('the end of maintenance', () => {
  test('that fails after the flip is made up for by resume', async () => {
    await using it = await made((app) => all(app, 'http'))
    const { cells, app } = it
    app.failOnce('leave', 'status before')
    const ended = await move(cells)
    expect([ended.exit, ended.code, ended.message]).toEqual([1, 'OM3011', expect.stringContaining('the route has flipped: cell-b serves and is not fenced, cell-a stays fenced')])
    expect(ended.hint).toContain('`org-mover resume')
    expect(await touched(cells)).toEqual([true, true])
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(await touched(cells)).toEqual([true, false])
    expect(app.verbs().filter((verb) => verb === 'leave')).toHaveLength(2)
  })

  test('that fails at an abort is made up for by the next one', async () => {
    await using it = await made((app) => all(app, 'http'))
    const { cells, app } = it
    const before = await cells.look()
    await cells.run((mover, io) => mover.move({ org: ORG, to: 'cell-b', pauseBefore: 'verify' }, io))
    app.failOnce('leave', 'cut before')
    expect(await again(cells, 'abort')).toMatchObject({ exit: 1, code: 'OM3011', message: expect.stringContaining('not fenced, cell-a serves'), hint: expect.stringContaining('`org-mover abort') })
    // the source serves since its fence was lifted: nobody is frozen any more, however long the rest takes
    const looks = [await standing(cells), await standing(cells)]
    expect(looks[0]).toMatchObject({ state: 'aborting', fence: { source: 'none' } })
    expect(looks[1]?.frozenSeconds).toBe(looks[0]?.frozenSeconds)
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect(app.seen.filter(({ verb }: Request) => verb === 'leave').map(({ body }) => body['serving'])).toEqual(['cell-a', 'cell-a'])
    expect(await cells.look()).toEqual(before)
  })
})

describe('what hooks print', () => {
  test('is in the log, and in the error nothing of it; secrets are in neither (P8)', async () => {
    const lines: string[] = []
    await using it = await made((app) => ({ enter: [{ command: [...app.command, '--password=hunter2hunter2'] }] }), { log: (line) => void lines.push(line), env: { PATH: process.env['PATH'] ?? '', APP_SECRET: 'swordfish-9' } })
    it.app.stderr = 'queue drained; DSN postgres://app:tiger@db/app, swordfish-9, Authorization: Bearer abc.def, api_key=zzz'
    it.app.failOnce('enter', 'status before')
    const ended = await move(it.cells)
    expect(ended.code).toBe('OM3011')
    const journal = JSON.stringify(await it.cells.databases.control.query('SELECT error, manifest FROM org_mover.move'))
    for (const text of [ended.message, ended.hint, journal, lines.join('')]) expect(text).not.toMatch(/hunter2|tiger|swordfish|abc\.def|zzz/)
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(expect.objectContaining({ level: 40, purpose: 'hook enter', line: 'queue drained; DSN postgres://***@db/app, ***, Authorization: ***, api_key=***' }))
    expect(ended.message).not.toContain('queue drained')
  })
})
