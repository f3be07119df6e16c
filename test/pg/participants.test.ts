import { describe, expect, test } from 'vitest'
import { PARTICIPANT_VERBS } from '../../src/domain/vocabulary.js'
import { participantService } from '../support/outside/participant-service.js'
import type { ParticipantService } from '../support/outside/participant-service.js'
import type { Fault } from '../support/outside/service.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Ended, SmallCells } from '../support/small-cells.js'
import { until } from '../support/until.js'

interface Made extends AsyncDisposable {
  readonly cells: SmallCells
  readonly files: ParticipantService
}

async function made(config: Readonly<Record<string, unknown>> = {}, kind: 'http' | 'command' = 'http'): Promise<Made> {
  const files = await participantService()
  const participant = { name: 'files', timeout: '5s', retries: 0, lag_gap: '10ms', options: { bucket: 'b' }, ...(kind === 'http' ? { http: files.service.url } : { command: files.service.command }), ...config }
  const cells = await smallCells({ config: { participants: [participant], lease: '10m' } })
  return {
    cells,
    files,
    async [Symbol.asyncDispose]() {
      await cells[Symbol.asyncDispose]()
      await files[Symbol.asyncDispose]()
    },
  }
}

const move = (cells: SmallCells, pauseBefore?: 'freeze' | 'cutover'): Promise<Ended> => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', ...(pauseBefore === undefined ? {} : { pauseBefore }) }, io))

async function again(cells: SmallCells, command: 'resume' | 'abort' | 'purge' | 'verify' | 'status'): Promise<Ended> {
  const id = (await cells.moveId()) ?? ''
  return cells.run((app, io) => (command === 'purge' ? app.purge(id, {}, io) : command === 'status' ? app.status(id) : app[command](id, io)))
}

async function isFenced(cells: SmallCells, role: 'source' | 'target'): Promise<boolean> {
  const client = await cells.databases[role].connect()
  try {
    await client.query('UPDATE public.organizations SET name = name WHERE id = $1', [ORG])
    return false
  } catch (error) {
    if (typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'OM001') return true
    throw error
  } finally {
    await client.end()
  }
}

const rowsOn = async (cells: SmallCells, role: 'source' | 'target'): Promise<number> => (await cells.databases[role].query<{ n: number }>('SELECT count(*)::int AS n FROM public.organizations WHERE id = $1', [ORG]))[0]?.n ?? 0

describe.each(['http', 'command'] as const)('a participant by %s', (kind) => {
  test('is asked for each verb in its phase, under a key of its own, and status shows it', async () => {
    await using all = await made({}, kind)
    const { cells, files } = all
    const seen: Record<string, unknown> = {}
    for (const verb of PARTICIPANT_VERBS) {
      const answer = files.answers[verb]
      files.answers[verb] = async (request) => {
        seen[verb] = [await isFenced(cells, 'source'), await isFenced(cells, 'target'), await cells.route(), await rowsOn(cells, 'source'), await rowsOn(cells, 'target')]
        return (await answer?.(request)) ?? {}
      }
    }
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(await again(cells, 'purge')).toMatchObject({ exit: 0, document: { state: 'completed' } })
    // fenced on the source, on the target; the route; the organization's row on either
    expect(seen).toEqual({
      check: [false, false, 'cell-a', 1, 0],
      replicate: [false, false, 'cell-a', 1, 0],
      lag: [false, false, 'cell-a', 1, 0],
      final_sync: [true, false, 'cell-a', 1, 0],
      verify: [true, true, 'cell-a', 1, 1],
      cutover: [true, false, 'cell-b', 1, 1],
      // an UPDATE of no row meets no fence
      purge: [false, false, 'cell-b', 0, 1],
      purge_tracking: [false, false, 'cell-b', 0, 1],
    })
    const id = (await cells.moveId()) ?? ''
    expect(files.service.seen.map(({ key }) => key)).toEqual(['check', 'replicate', 'lag', 'final_sync', 'verify', 'cutover', 'purge', 'purge_tracking'].map((verb) => `${id}/files/${verb}/1`))
    const [first] = files.service.seen
    expect(first?.body).toEqual({ protocol: 1, participant: 'files', verb: 'check', moveId: id, epoch: expect.any(Number), org: ORG, source: 'cell-a', target: 'cell-b', idempotencyKey: `${id}/files/check/1`, run: 1, attempt: 1, options: { bucket: 'b' } })
    if (kind === 'command') expect(first?.variables).toMatchObject({ ORG_MOVER_VERB: 'check', ORG_MOVER_PARTICIPANT: 'files', ORG_MOVER_MOVE_ID: id, ORG_MOVER_ORG: ORG, ORG_MOVER_SOURCE: 'cell-a', ORG_MOVER_TARGET: 'cell-b', ORG_MOVER_IDEMPOTENCY_KEY: `${id}/files/check/1` })
    const { document } = await again(cells, 'status')
    expect(document?.participants.map(({ verb, state }) => `${verb} ${state}`)).toEqual(['check', 'replicate', 'lag', 'final_sync', 'verify', 'cutover', 'purge', 'purge_tracking'].map((verb) => `${verb} done`))
    expect(document?.participants.find(({ verb }) => verb === 'final_sync')).toMatchObject({ participant: 'files', attempts: 1, facts: { files: '3' }, error: null })
  })

  test('that fails for a moment is asked again under the same key', async () => {
    await using all = await made({ retries: 2 }, kind)
    const { cells, files } = all
    let failures = 2
    files.service.fault = ({ verb }) => (verb === 'final_sync' && failures-- > 0 ? 'busy before' : null)
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(new Set(files.keys('final_sync')).size).toBe(1)
    expect(files.service.seen.filter(({ verb }) => verb === 'final_sync').map(({ body }) => body['attempt'])).toEqual([1, 2, 3])
    expect((await again(cells, 'status')).document?.participants.find(({ verb }) => verb === 'final_sync')).toMatchObject({ attempts: 3, state: 'done' })
  })

  test.each<[Fault, string, number, string]>([
    ['silent after', 'OM3016', 5, 'within 2000 ms'],
    ['status after', 'OM3017', 1, kind === 'http' ? 'HTTP status 418' : 'exit status 1'],
    ['bad JSON after', 'OM3017', 1, 'not JSON'],
    ['wrong verb after', 'OM3017', 1, 'another verb'],
  ])('that fails after the freeze (%s) stops the move at %s, exit %i; resume asks again, and only what is open', async (fault, code, exit, why) => {
    await using all = await made({ timeouts: { final_sync: '2s' } }, kind)
    const { cells, files } = all
    files.service.failOnce('final_sync', fault)
    const ended = await move(cells)
    expect({ exit: ended.exit, code: ended.code, message: ended.message }).toEqual({ exit, code, message: expect.stringContaining(why) })
    expect(ended.message).toContain('participant files failed at "final_sync"')
    expect(ended.message).toContain('The route is unchanged and cell-a still fenced')
    expect(await isFenced(cells, 'source')).toBe(true)
    expect((await again(cells, 'status')).document?.participants.at(-1)).toMatchObject({ verb: 'final_sync', state: 'failed', error: expect.stringContaining(why) })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(files.service.verbs()).toEqual(['check', 'replicate', 'lag', 'final_sync', 'final_sync', 'verify', 'cutover'])
    // the first run had ended, in failure: this is another one
    expect(files.keys('final_sync').map((key) => key.slice(-2))).toEqual(['/1', '/2'])
  })
})

describe('a participant', () => {
  test('that is not ready stops plan and move with a finding, and is not asked to abort what never began', async () => {
    await using all = await made()
    const { cells, files } = all
    files.answers['check'] = () => ({ ok: false, message: 'the bucket is full' })
    let findings: readonly { readonly code: string; readonly severity: string; readonly message: string }[] = []
    await cells.run(async (app, io) => {
      findings = (await app.plan({ org: ORG, to: 'cell-b' })).findings
      return app.move({ org: ORG, to: 'cell-b' }, io)
    })
    expect(findings).toContainEqual(expect.objectContaining({ code: 'OM2130', severity: 'error', message: 'participant files: it refused: the bucket is full' }))
    expect(files.keys('check')[0]).toBe('plan/files/check/1')
    expect(await again(cells, 'status')).toMatchObject({ document: { state: 'aborted', findings: expect.arrayContaining([expect.objectContaining({ code: 'OM2130' })]) } })
    expect(files.service.verbs()).toEqual(['check', 'check'])
  })

  test('may warn without stopping the move', async () => {
    await using all = await made({ verbs: ['check'] })
    const { cells, files } = all
    files.answers['check'] = () => ({ warnings: ['3 files have no owner'] })
    expect(await move(cells)).toMatchObject({ exit: 0, document: { state: 'cut_over', findings: expect.arrayContaining([expect.objectContaining({ code: 'OM2130', severity: 'warning', message: 'participant files: 3 files have no owner' })]) } })
    expect(files.service.verbs()).toEqual(['check'])
  })

  test('that lags keeps the freeze waiting, and stops it at its limit with nothing fenced', async () => {
    await using all = await made({ max_lag: 2, lag_limit: '300ms' })
    const { cells, files } = all
    files.answers['lag'] = () => ({ lag: 7 })
    const late = await move(cells)
    expect({ exit: late.exit, code: late.code, message: late.message }).toEqual({ exit: 5, code: 'OM3018', message: expect.stringContaining('behind by 7, and may be by 2') })
    expect([await isFenced(cells, 'source'), await isFenced(cells, 'target')]).toEqual([false, false])
    const lags = [7, 3, 2]
    files.answers['lag'] = () => ({ lag: lags.shift() ?? 99 })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(lags).toEqual([])
    expect(files.service.verbs().filter((verb) => verb === 'replicate')).toHaveLength(1)
  })

  test('begins to replicate before the window', async () => {
    await using all = await made()
    expect(await move(all.cells, 'freeze')).toMatchObject({ document: { state: 'paused' } })
    expect(all.files.service.verbs()).toEqual(['check', 'replicate'])
    expect(await again(all.cells, 'resume')).toMatchObject({ exit: 0 })
    expect(all.files.service.verbs().slice(2, 4)).toEqual(['lag', 'final_sync'])
  })

  test('that found differences ends the move at exit 4; resume synchronises and verifies again', async () => {
    await using all = await made()
    const { cells, files } = all
    files.answers['verify'] = () => ({ equal: files.keys('final_sync').length > 1, message: 'a.txt differs' })
    const different = await move(cells)
    expect({ exit: different.exit, code: different.code, message: different.message }).toEqual({ exit: 4, code: 'OM4005', message: expect.stringContaining('a.txt differs. The route is unchanged and cell-a still fenced') })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(files.service.verbs().slice(-4)).toEqual(['verify', 'final_sync', 'verify', 'cutover'])
  })

  test('whose answer to verify or lag lacks what was asked is not understood', async () => {
    await using all = await made()
    all.files.answers['verify'] = () => ({})
    expect(await move(all.cells)).toMatchObject({ exit: 1, code: 'OM3017', message: expect.stringContaining('member equal') })
  })

  test('gates the cutover by its last word', async () => {
    await using all = await made()
    const { cells, files } = all
    expect(await move(cells, 'cutover')).toMatchObject({ document: { state: 'paused' } })
    files.answers['verify'] = () => ({ equal: false })
    expect(await again(cells, 'verify')).toMatchObject({ code: 'OM4005' })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 5, code: 'OM4002', message: expect.stringContaining('participant files has not passed') })
    expect(await cells.route()).toBe('cell-a')
    files.answers['verify'] = () => ({ equal: true })
    expect(await again(cells, 'verify')).toMatchObject({ exit: 0 })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
  })

  test('that fails after the flip says so; resume goes on from there, and maintenance waits for it', async () => {
    await using all = await made()
    const { cells, files } = all
    files.service.failOnce('cutover', 'bad JSON after')
    expect(await move(cells)).toMatchObject({ exit: 1, code: 'OM3017', message: expect.stringContaining('The route has flipped: cell-b serves, cell-a stays fenced, and maintenance has not ended') })
    expect([await cells.route(), await isFenced(cells, 'source'), await isFenced(cells, 'target')]).toEqual(['cell-b', true, false])
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    files.service.failOnce('purge', 'status after')
    expect(await again(cells, 'purge')).toMatchObject({ exit: 1, code: 'OM3017', message: expect.stringContaining('deleted on cell-a') })
    expect(await again(cells, 'purge')).toMatchObject({ exit: 0, document: { state: 'completed' } })
    expect(files.service.verbs().slice(-3)).toEqual(['purge', 'purge', 'purge_tracking'])
  })

  test('that was asked when its driver went away is asked under the same key by the next one (P5)', async () => {
    await using all = await made({ timeout: '60s' })
    const { cells, files } = all
    files.service.failOnce('final_sync', 'silent after')
    const operator = new AbortController()
    const moving = cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io), { signal: operator.signal })
    await until('final_sync is asked', async () => files.keys('final_sync').length > 0)
    operator.abort()
    expect(await moving).toMatchObject({ document: { state: 'paused', participants: expect.arrayContaining([expect.objectContaining({ verb: 'final_sync', state: 'running' })]) } })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    const keys = files.keys('final_sync')
    expect([keys.length, new Set(keys).size]).toEqual([2, 1])
    // the epoch tells the drivers apart
    const epochs = files.service.seen.filter(({ verb }) => verb === 'final_sync').map(({ body }) => Number(body['epoch']))
    expect(epochs[1]).toBeGreaterThan(epochs[0] ?? 0)
  })

  test.each(['freeze', 'cutover'] as const)('takes back what it began when the move is aborted before %s; where that fails, abort asks again', async (pauseBefore) => {
    await using all = await made()
    const { cells, files } = all
    const before = await cells.look()
    expect(await move(cells, pauseBefore)).toMatchObject({ document: { state: 'paused' } })
    files.service.failOnce('abort', 'status after')
    expect(await again(cells, 'abort')).toMatchObject({ exit: 1, code: 'OM3017', message: expect.stringContaining('cell-a serves') })
    expect([await isFenced(cells, 'source'), await cells.route()]).toEqual([false, 'cell-a'])
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect(files.service.verbs().slice(-2)).toEqual(['abort', 'abort'])
    expect(await cells.look()).toEqual(before)
  })

  test('among several: all are asked, and each failure is named', async () => {
    await using one = await participantService()
    await using two = await participantService()
    const participant = (name: string, service: ParticipantService) => ({ name, http: service.service.url, retries: 0 })
    await using cells = await smallCells({ config: { participants: [participant('one', one), participant('two', two)] } })
    for (const service of [one, two]) service.service.failOnce('verify', 'status after')
    const ended = await move(cells)
    expect(ended.message).toMatch(/participant one failed at "verify": it answered with HTTP status 418; participant two failed at "verify"/)
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0 })
    expect([one.keys('cutover').length, two.keys('cutover').length]).toEqual([1, 1])
  })
})
