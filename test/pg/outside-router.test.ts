import { describe, expect, test } from 'vitest'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'
import { routeService } from '../support/outside/route-service.js'
import type { RouteService } from '../support/outside/route-service.js'
import type { Fault } from '../support/outside/service.js'

const KINDS = ['http', 'command'] as const
type Kind = (typeof KINDS)[number]

/** A command is a process that has to start first, on a machine that may be busy. */
const TIMEOUTS = { http: '700ms', command: '5s' } as const
/** What a command does not do otherwise than a service is tried with the service alone. */
const ONLY_HTTP: readonly Fault[] = ['cut before', 'cut after', 'status before', 'wrong verb after', 'too long after', 'nothing after', 'silent before']

async function routed(kind: Kind, at: { readonly cell: string; readonly epoch: number | null } | null = { cell: 'cell-a', epoch: 1 }): Promise<{ readonly cells: SmallCells; readonly router: RouteService } & AsyncDisposable> {
  const router = await routeService(at === null ? {} : { [ORG]: at })
  const routing = { kind, timeout: TIMEOUTS[kind], ...(kind === 'http' ? { url: router.service.url, headers: { authorization: 'Bearer let-me-in' } } : { command: router.service.command }) }
  const cells = await smallCells({ config: { routing, lease: '10m' } })
  return {
    cells,
    router,
    async [Symbol.asyncDispose]() {
      await cells[Symbol.asyncDispose]()
      await router[Symbol.asyncDispose]()
    },
  }
}

const move = (cells: SmallCells) => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))

async function again(cells: SmallCells, command: 'resume' | 'abort' | 'purge') {
  const id = (await cells.moveId()) ?? ''
  return cells.run((app, io) => (command === 'purge' ? app.purge(id, {}, io) : app[command](id, io)))
}

async function fences(cells: SmallCells): Promise<readonly boolean[]> {
  const isFenced = (role: 'source' | 'target') =>
    cells.databases[role].query('UPDATE public.organizations SET name = name WHERE id = $1', [ORG]).then(
      () => false,
      (error: unknown) => {
        if (typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'OM001') return true
        throw error
      },
    )
  return [await isFenced('source'), await isFenced('target')]
}

describe.each(KINDS)('a router by %s', (kind) => {
  test('is prepared, committed under the same key, and read back; the move goes from start to purge by it', async () => {
    await using made = await routed(kind)
    const { cells, router } = made
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(router.routes.get(ORG)).toEqual({ cell: 'cell-b', epoch: 2 })
    const verbs = router.service.verbs()
    expect(verbs.slice(verbs.indexOf('prepare'))).toEqual(['prepare', 'commit', 'read', 'read'])
    const [prepare, commit] = router.service.seen.filter(({ verb }) => verb === 'prepare' || verb === 'commit')
    expect(prepare?.body).toMatchObject({ protocol: 1, org: ORG, from: 'cell-a', to: 'cell-b', epoch: 1 })
    expect(prepare?.key).toMatch(/^[0-9a-f-]{36}$/)
    expect([commit?.key, commit?.body['idempotencyKey'], prepare?.body['idempotencyKey']]).toEqual([prepare?.key, prepare?.key, prepare?.key])
    if (kind === 'http') expect(commit?.headers.authorization).toBe('Bearer let-me-in')
    else expect(commit?.variables).toMatchObject({ ORG_MOVER_VERB: 'commit', ORG_MOVER_ORG: ORG })
    expect(await fences(cells)).toEqual([true, false])
    expect(await again(cells, 'purge')).toMatchObject({ exit: 0, document: { state: 'completed' } })
  })

  const PREPARES: readonly [Fault, string, number][] = [
    ['silent before', 'OM3014', 5],
    ['silent after', 'OM3014', 5],
    ['busy before', 'OM3014', 5],
    ['cut before', 'OM3014', 5],
    ['status before', 'OM3015', 1],
    ['status after', 'OM3015', 1],
    ['bad JSON after', 'OM3015', 1],
    ['wrong verb after', 'OM3015', 1],
    ['no object after', 'OM3015', 1],
    ['too long after', 'OM3015', 1],
  ]
  test.each(PREPARES.filter(([fault]) => kind === 'http' || !ONLY_HTTP.includes(fault)))('that fails to prepare (%s) ends in %s, exit %i, with the route unchanged; resume goes on', async (fault, code, exit) => {
    await using made = await routed(kind)
    const { cells, router } = made
    router.service.failOnce('prepare', fault)
    expect(await move(cells)).toMatchObject({ exit, code })
    expect(router.routes.get(ORG)).toEqual({ cell: 'cell-a', epoch: 1 })
    expect(router.service.verbs().slice(-2)).toEqual(['prepare', 'rollback'])
    expect(await fences(cells)).toEqual([true, true])
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  const COMMITS: readonly [Fault, 'flipped' | 'not flipped'][] = [
    ['silent before', 'not flipped'],
    ['silent after', 'flipped'],
    ['cut before', 'not flipped'],
    ['cut after', 'flipped'],
    ['status before', 'not flipped'],
    ['status after', 'flipped'],
    ['bad JSON after', 'flipped'],
    ['nothing after', 'flipped'],
    ['wrong verb after', 'flipped'],
  ]
  test.each(COMMITS.filter(([fault]) => kind === 'http' || !ONLY_HTTP.includes(fault)))('whose commit fails (%s, %s) ends in exit 6 with both fences up; resume reads and decides (P7)', async (fault, outcome) => {
    await using made = await routed(kind)
    const { cells, router } = made
    router.service.failOnce('commit', fault)
    const lost = await move(cells)
    expect({ exit: lost.exit, code: lost.code }, lost.message).toEqual({ exit: 6, code: 'OM5002' })
    expect(lost.message).not.toContain('let-me-in')
    expect(router.routes.get(ORG)).toEqual(outcome === 'flipped' ? { cell: 'cell-b', epoch: 2 } : { cell: 'cell-a', epoch: 1 })
    expect(await fences(cells)).toEqual([true, true])
    const decided = await again(cells, 'resume')
    expect({ exit: decided.exit, state: decided.document?.state }, decided.message).toEqual({ exit: 0, state: 'cut_over' })
    // where it had not flipped the intent was withdrawn under an epoch of its own
    expect(router.routes.get(ORG)).toEqual({ cell: 'cell-b', epoch: outcome === 'flipped' ? 2 : 3 })
    expect(await fences(cells)).toEqual([true, false])
  })
})

describe('a router', () => {
  test('that answers ok while read says otherwise is not believed: exit 6, then the move is taken back', async () => {
    await using made = await routed('http')
    const { cells, router } = made
    const before = await cells.look()
    router.commit = 'lies'
    const lost = await move(cells)
    expect([lost.exit, lost.code, lost.message]).toEqual([6, 'OM5002', expect.stringContaining('answered the commit with ok, but reads the route as on cell-a at epoch 1; both fences are up')])
    expect(await fences(cells)).toEqual([true, true])
    router.commit = 'does'
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect(await cells.look()).toEqual(before)
    expect(router.routes.get(ORG)).toEqual({ cell: 'cell-a', epoch: 2 })
  })

  test('whose flip makes another epoch than asked leaves the outcome open, and neither resume nor abort guesses (P7)', async () => {
    await using made = await routed('http')
    const { cells, router } = made
    router.commit = 'raises by two'
    expect(await move(cells)).toMatchObject({ exit: 6, code: 'OM5002', message: expect.stringContaining('on cell-b at epoch 3') })
    for (const command of ['resume', 'abort'] as const) {
      expect(await again(cells, command)).toMatchObject({ exit: 3, code: 'OM5001', message: expect.stringContaining('both fences are up') })
      expect(await fences(cells), command).toEqual([true, true])
    }
    router.routes.set(ORG, { cell: 'cell-b', epoch: 2 })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('that commits long after it was given up does so against a raised epoch, and changes nothing (P3)', async () => {
    await using made = await routed('http')
    const { cells, router } = made
    router.commit = 'waits'
    router.service.failOnce('commit', 'silent after')
    expect(await move(cells)).toMatchObject({ exit: 6, code: 'OM5002' })
    router.commit = 'does'
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect(await router.release()).toEqual([false])
    expect(router.routes.get(ORG)).toEqual({ cell: 'cell-a', epoch: 2 })
  })

  test('that refuses, because the route has changed, stops the move at OM5001 with the reason', async () => {
    await using made = await routed('http')
    const { cells, router } = made
    const paused = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', pauseBefore: 'cutover' }, io))
    expect(paused.document?.state).toBe('paused')
    router.routes.set(ORG, { cell: 'cell-a', epoch: 7 })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 3, code: 'OM5001', message: expect.stringContaining('(another route): it was expected on cell-a at epoch 1, and is on cell-a at epoch 7') })
    expect(await fences(cells)).toEqual([true, true])
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
  })

  test('that cannot be read back after its commit leaves the outcome open', async () => {
    await using made = await routed('http')
    const { cells, router } = made
    let hasCommitted = false
    router.service.fault = ({ verb }) => {
      if (verb === 'commit') hasCommitted = true
      return hasCommitted && verb === 'read' ? 'busy before' : null
    }
    expect(await move(cells)).toMatchObject({ exit: 6, code: 'OM5002', message: expect.stringContaining('could not be read back') })
    expect(router.service.verbs().filter((verb) => verb === 'read').length).toBeGreaterThanOrEqual(4)
    expect(await again(cells, 'resume')).toMatchObject({ exit: 5, code: 'OM3014' })
    expect(await fences(cells)).toEqual([true, true])
    router.service.fault = () => null
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('without epochs is compared by cell alone', async () => {
    await using made = await routed('http', { cell: 'cell-a', epoch: null })
    expect(await move(made.cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(made.router.routes.get(ORG)).toEqual({ cell: 'cell-b', epoch: null })
  })

  test('that knows nothing of the organization gets its first route, and one that names an unknown cell is an error', async () => {
    await using made = await routed('http', null)
    const { cells, router } = made
    expect(await move(cells)).toMatchObject({ exit: 2, code: 'OM1006' })
    expect(await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', from: 'cell-a', pauseBefore: 'freeze' }, io))).toMatchObject({ exit: 0, document: { state: 'paused' } })
    expect(router.routes.get(ORG)).toEqual({ cell: 'cell-a', epoch: 1 })
    router.routes.set(ORG, { cell: 'cell-z', epoch: 1 })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 2, code: 'OM1005' })
  })

  test('that cannot be started is named, without its arguments', async () => {
    await using cells = await smallCells({ config: { routing: { kind: 'command', command: ['./no-such-router', '--token=let-me-in'] } } })
    const ended = await move(cells)
    expect([ended.exit, ended.code, ended.message]).toEqual([1, 'OM3015', 'the router failed at "read": it could not be started (ENOENT)'])
  })

  test('is tried by doctor', async () => {
    await using made = await routed('http')
    const look = async () => {
      let checks: readonly { readonly cell: string; readonly ok: boolean; readonly message: string }[] = []
      await made.cells.run(async (app, io) => {
        checks = (await app.doctor()).checks
        return app.status('0').catch(() => app.move({ org: 'nobody', to: 'cell-b' }, io))
      })
      return checks.filter(({ cell }) => cell === 'routing').map(({ ok }) => ok)
    }
    expect(await look()).toEqual([true])
    made.router.service.fault = () => 'bad JSON after'
    expect(await look()).toEqual([false])
  })
})
