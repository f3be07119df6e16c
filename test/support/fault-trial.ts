import { expect } from 'vitest'
import { clusterUrl } from './clusters.js'
import { assertNoLeaks } from './leak-check.js'
import { ORG, smallCells } from './small-cells.js'
import type { Ended, Look, SmallCells } from './small-cells.js'
import { WireProxy } from './wire-proxy.js'
import type { FaultKind } from './wire-link.js'

/** Between the mover and which server the fault happens. */
export const SERVERS = ['source', 'target', 'control'] as const
export type Server = (typeof SERVERS)[number]

/** What is done about it. */
export const REMEDIES = ['resume', 'abort'] as const
type Remedy = (typeof REMEDIES)[number]

export interface Trial {
  readonly server: Server
  readonly kind: FaultKind
  /** At this statement of the server. */
  readonly n: number
  readonly remedy: Remedy
}

/** How both cells look before a move, and after one that nothing disturbed. */
export interface Expected {
  readonly before: { readonly a: Look; readonly b: Look }
  readonly moved: { readonly a: Look; readonly b: Look }
  /** Statements of a move by server. */
  readonly statements: Readonly<Record<Server, number>>
}

export interface Outcome {
  /** False where the move had ended before its n-th statement. */
  readonly wasHit: boolean
  /** How the disturbed command ended, and what the remedy came to: for the counts at the end. */
  readonly ended: string
}

/** Long, so that no heartbeat is among the statements: n names the same one in every run. */
const CONFIG = { lease: '10m', answer_timeout: '600ms', lock_timeout: '1500ms' }

export interface ProxiedCells extends AsyncDisposable {
  readonly cells: SmallCells
  readonly proxies: Readonly<Record<Server, WireProxy>>
}

/** Two cells with a proxy before each server. */
export async function proxiedCells(): Promise<ProxiedCells> {
  const proxies = { source: await WireProxy.start(clusterUrl('a')), target: await WireProxy.start(clusterUrl('b')), control: await WireProxy.start(clusterUrl('a')) }
  const cells = await smallCells({ config: CONFIG, through: (role, url) => proxies[role === 'routing' ? 'control' : role].through(url) })
  return {
    cells,
    proxies,
    async [Symbol.asyncDispose]() {
      for (const proxy of Object.values(proxies)) proxy.cut()
      await cells[Symbol.asyncDispose]()
      await Promise.all(Object.values(proxies).map((proxy) => proxy[Symbol.asyncDispose]()))
    },
  }
}

/** A move that nothing disturbs. */
export async function undisturbed(): Promise<Expected> {
  await using set = await proxiedCells()
  const { cells, proxies } = set
  const before = await cells.look()
  const moved = await move(cells)
  expect({ exit: moved.exit, state: moved.document?.state }, moved.message).toEqual({ exit: 0, state: 'cut_over' })
  return {
    before,
    moved: nameless(await cells.look(), await cells.moveId()),
    statements: statementsOf(proxies),
  }
}

export function statementsOf(proxies: Readonly<Record<Server, WireProxy>>): Readonly<Record<Server, number>> {
  return { source: proxies.source.statements, target: proxies.target.statements, control: proxies.control.statements }
}

/** Moves, with the fault on the way, and then remedies: it must come to the same as if nothing had happened. */
export async function tryFault(trial: Trial, expected: Expected): Promise<Outcome> {
  for (let left = 5; ; left -= 1) {
    const outcome = await tryOnce(trial, expected)
    if (outcome !== 'no connection') return outcome
    expect(left, 'a machine on which no connection is had in time').toBeGreaterThan(0)
  }
}

/** Where other work kept the machine from making a connection in time, before the fault, nothing was tried. */
async function tryOnce(trial: Trial, expected: Expected): Promise<Outcome | 'no connection'> {
  await using set = await proxiedCells()
  const { cells, proxies } = set
  proxies[trial.server].reset({ kind: trial.kind, hits: ({ n }) => n === trial.n })
  const first = await move(cells)
  const { hit } = proxies[trial.server]
  proxies[trial.server].reset()
  const place = `${trial.server}, statement ${trial.n} (${hit?.text.replaceAll(/\s+/g, ' ').slice(0, 80)}), ${trial.kind}, then ${trial.remedy}; first ended with exit ${first.exit} ${first.code} ${first.message}`
  if (hit === null && first.code === 'OM3001') return 'no connection'
  if (hit === null) {
    expect(first.exit, place).toBe(0)
    return { wasHit: false, ended: 'untouched' }
  }
  // 3: a check of prepare that was ended is a finding, and nothing has begun
  expect(trial.kind === 'cancel' || trial.kind === 'timeout' ? [0, 3, 5, 6] : [0, 5, 6], place).toContain(first.exit)
  if (first.exit !== 0) expect(first.hint, place).not.toBe('')
  await cells.endLease()
  const remedied = trial.remedy === 'resume' ? await resume(cells, expected, place) : await abort(cells, expected, place)
  if (trial.kind !== 'freeze') for (const database of Object.values(cells.databases)) await assertNoLeaks(database)
  return { wasHit: true, ended: `exit ${first.exit}, ${remedied}` }
}

export async function move(cells: SmallCells): Promise<Ended> {
  return cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))
}

async function stateOf(cells: SmallCells): Promise<{ readonly id: string; readonly state: string } | null> {
  const [row] = await cells.databases.control.query<{ id: string; state: string }>('SELECT id::text, state FROM org_mover.move ORDER BY id DESC LIMIT 1')
  return row ?? null
}

/** A connection has as long as a frozen one is waited for: on a machine with other work one may fail for that, and is tried again. */
export async function patiently(command: () => Promise<Ended>): Promise<Ended> {
  for (let left = 5; ; left -= 1) {
    const ended = await command()
    if (ended.code !== 'OM3001' || left === 0) return ended
  }
}

/** The move must come to where an undisturbed one comes; where none was made it is begun. Yields what was done, for the counts. */
export async function resume(cells: SmallCells, expected: Expected, place: string): Promise<string> {
  const found = await stateOf(cells)
  const isOpen = found !== null && found.state !== 'aborted'
  const second = await patiently(() => (isOpen ? cells.run((app, io) => app.resume(found.id, io)) : move(cells)))
  expect({ exit: second.exit, state: second.document?.state, verdict: second.document?.verification.verdict }, `${place}; then ${second.code} ${second.message}`).toEqual({ exit: 0, state: 'cut_over', verdict: 'equal' })
  expect(differences(nameless(await cells.look(), await cells.moveId()), expected.moved), place).toEqual([])
  expect(await cells.route(), place).toBe('cell-b')
  return isOpen ? 'resumed' : 'moved anew'
}

/** Both cells must be as before the move; where the route has flipped that is refused, and the move completed. */
export async function abort(cells: SmallCells, expected: Expected, place: string): Promise<string> {
  const found = await stateOf(cells)
  if (found !== null && found.state !== 'aborted') {
    const isCutOver = (await cells.route()) === 'cell-b'
    const second = await patiently(() => cells.run((app, io) => app.abort(found.id, io)))
    if (isCutOver) {
      expect([second.exit, second.code], `${place}; then ${second.message}`).toEqual([3, 'OM2006'])
      await resume(cells, expected, place)
      return 'abort refused after the flip, resumed'
    }
    expect({ exit: second.exit, state: second.document?.state }, `${place}; then ${second.code} ${second.message}`).toEqual({ exit: 0, state: 'aborted' })
  }
  expect(differences(await cells.look(), expected.before), place).toEqual([])
  expect(await cells.route(), place).toBe('cell-a')
  return found === null ? 'nothing had begun' : 'aborted'
}

/** Lines that the one has and the other has not, on either cell; a few of them. */
export function differences(found: Expected['before'], expected: Expected['before']): readonly string[] {
  const lines = ({ a, b }: Expected['before']): readonly string[] =>
    Object.entries({ a, b }).flatMap(([cell, { rows, objects }]) => [...objects.map((line) => `${cell} ${line}`), ...Object.entries(rows).flatMap(([table, of]) => of.map((line, n) => `${cell} ${table} ${n} ${line}`))])
  const [here, there] = [new Set(lines(found)), new Set(lines(expected))]
  return [...[...here].filter((line) => !there.has(line)).map((line) => `+ ${line}`), ...[...there].filter((line) => !here.has(line)).map((line) => `- ${line}`)].slice(0, 6)
}

/** Objects of the mover bear the move's id. */
export function nameless(look: { readonly a: Look; readonly b: Look }, moveId: string | null): { readonly a: Look; readonly b: Look } {
  const id = moveId ?? ''
  const clean = ({ rows, objects }: Look): Look => ({
    rows,
    // bodies of functions are listed as digests, in which the id is hidden
    objects: objects.map((line) => line.replaceAll(id.replaceAll('-', ''), 'MOVE').replace(/[0-9a-f]{64}/, 'PASS').replace(/^(function org_mover\.\S+) [0-9a-f]{32}/, '$1')).sort(),
  })
  return { a: clean(look.a), b: clean(look.b) }
}
