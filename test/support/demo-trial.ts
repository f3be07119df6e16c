import { expect } from 'vitest'
import { clusterUrl } from './clusters.js'
import { bystanders, demoCells } from './demo-cells.js'
import type { DemoCells } from './demo-cells.js'
import { picturesOf } from './demo-moves.js'
import { REMEDIES, SERVERS, statementsOf } from './fault-trial.js'
import type { Server } from './fault-trial.js'
import type { Random } from './generated-cell/random.js'
import { FAULTS } from './wire-link.js'
import type { FaultKind } from './wire-link.js'
import { WireProxy } from './wire-proxy.js'

/** Beside what happens to a connection: what happens to the process. */
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT'] as const
type Kind = FaultKind | (typeof SIGNALS)[number]

/** A disturbance of a whole move of the demo's schema, with four jobs: which statement is the n-th differs from run to run. */
export interface DemoTrial {
  readonly server: Server
  readonly kind: Kind
  readonly n: number
  readonly remedy: (typeof REMEDIES)[number]
}

export type DemoStatements = Readonly<Record<Server, number>>

export function drawTrial(random: Random, statements: DemoStatements): DemoTrial {
  const server = random.pick(SERVERS)
  return { server, kind: random.pick([...FAULTS, ...SIGNALS]), n: 1 + random.below(statements[server]), remedy: random.pick(REMEDIES) }
}

interface ProxiedDemo extends AsyncDisposable {
  readonly cells: DemoCells
  readonly proxies: Readonly<Record<Server, WireProxy>>
  /** A move of the organization through the proxies; yields how it ended. */
  move(signalled?: (kill: (signal: (typeof SIGNALS)[number]) => void) => void): Promise<{ readonly code: number | null; readonly stdout: string }>
}

async function proxiedDemo(): Promise<ProxiedDemo> {
  const proxies = { source: await WireProxy.start(clusterUrl('a')), target: await WireProxy.start(clusterUrl('b')), control: await WireProxy.start(clusterUrl('a')) }
  const cells = await demoCells({ config: { copy: { jobs: 4, chunk_rows: 5 }, lease: '10m', answer_timeout: '1500ms', lock_timeout: '1500ms' } })
  const file = await cells.configure((config) => {
    const side = (server: Server, url: string): unknown => ({ ...Object(Reflect.get(Object(config['cells']), server === 'source' ? 'cell-a' : 'cell-b')), databases: { main: proxies[server].through(url) } })
    Object.assign(config, { cells: { 'cell-a': side('source', cells.a.url), 'cell-b': side('target', cells.b.url) }, control: proxies.control.through(cells.control.url) })
  })
  return {
    cells,
    proxies,
    async move(signalled) {
      const child = cells.start(['move', '--org', cells.org, '--to', 'cell-b', '--yes', '--config', file])
      signalled?.((signal) => child.kill(signal))
      return child.result
    },
    async [Symbol.asyncDispose]() {
      for (const proxy of Object.values(proxies)) proxy.cut()
      await cells[Symbol.asyncDispose]()
      await Promise.all(Object.values(proxies).map((proxy) => proxy[Symbol.asyncDispose]()))
    },
  }
}

/** What a move that nothing disturbs sends, about. */
export async function demoStatements(): Promise<DemoStatements> {
  await using demo = await proxiedDemo()
  const { code, stdout } = await demo.move()
  expect(code, stdout).toBe(0)
  return statementsOf(demo.proxies)
}

/** Disturbs a move and remedies: `resume` must come to where every move comes, `abort` to where it began, by the independent listing. Yields how it went. */
export async function tryDemo({ server, kind, n, remedy }: DemoTrial): Promise<string> {
  await using demo = await proxiedDemo()
  const { cells, proxies } = demo
  const before = await picturesOf(cells)
  const signal = SIGNALS.find((one) => one === kind)
  const first = await demo.move((kill) => {
    const fault = signal === undefined ? { kind: kind as FaultKind } : { kind: 'pause' as const, meanwhile: () => kill(signal) }
    proxies[server].reset({ ...fault, hits: (statement) => statement.n === n })
  })
  const { hit } = proxies[server]
  for (const proxy of Object.values(proxies)) proxy.reset()
  const place = `${server}, statement ${n} (${hit?.text.replaceAll(/\s+/g, ' ').slice(0, 80)}), ${kind}, then ${remedy}; first ended with ${first.code}: ${first.stdout.slice(0, 1500)}`
  if (signal === undefined) expect([0, 3, 5, 6], place).toContain(first.code)
  await cells.control.query('UPDATE org_mover.move SET lease_until = clock_timestamp() WHERE lease_holder IS NOT NULL')
  const ended = await remedied(cells, { before, remedy, place })
  return `${hit === null ? 'untouched' : `exit ${first.code}`}, ${ended}`
}

async function remedied(cells: DemoCells, { before, remedy, place }: { readonly before: Awaited<ReturnType<typeof picturesOf>>; readonly remedy: string; readonly place: string }): Promise<string> {
  const [row] = await cells.control.query<{ id: string; state: string }>('SELECT id::text, state FROM org_mover.move ORDER BY id DESC LIMIT 1')
  const isOpen = row !== undefined && row.state !== 'aborted'
  const [route] = await cells.control.query<{ cell: string }>('SELECT cell FROM org_mover.route WHERE organization = $1', [cells.org])
  if (remedy === 'abort' && route?.cell !== 'cell-b') {
    if (isOpen) {
      const aborted = await cells.orgMover(['abort', row.id, '--yes'])
      expect([aborted.code, aborted.json.state], `${place}; then ${aborted.stdout.slice(0, 1500)}`).toEqual([0, 'aborted'])
    }
    expect(await picturesOf(cells), place).toEqual(before)
    return isOpen ? 'aborted' : 'nothing to abort'
  }
  const resumed = await cells.orgMover(isOpen ? ['resume', row.id, '--yes'] : ['move', '--org', cells.org, '--to', 'cell-b', '--yes'])
  expect([resumed.code, resumed.json.state, resumed.json.verification.verdict], `${place}; then ${resumed.stdout.slice(0, 1500)}`).toEqual([0, 'cut_over', 'equal'])
  const after = await picturesOf(cells)
  expect(after.b.organizations.get(cells.org), place).toEqual(before.a.organizations.get(cells.org))
  expect(after.a.organizations, place).toEqual(before.a.organizations)
  expect(bystanders(after.b, cells.org, { withGlobal: false }), place).toEqual(bystanders(before.b, cells.org, { withGlobal: false }))
  expect(after.b.objects, place).toEqual(before.b.objects)
  return isOpen ? 'resumed' : 'moved anew'
}
