import { BIG_ORGANIZATION, withClient } from './cells.js'
import type { BenchCells } from './cells.js'
import { serverCpuSeconds } from './measure.js'
import type { Measured } from './measure.js'
import { CELL, secondsOf } from './mover.js'
import type { Mover } from './mover.js'
import { batchedInsert } from './peers/batched-insert.js'
import { foreignDataWrapper } from './peers/foreign-data-wrapper.js'
import { logicalReplication } from './peers/logical-replication.js'
import { peerTable } from './peers/peer.js'
import type { Peer } from './peers/peer.js'
import { PEER, preparePeer } from './peers/prepare-peer.js'
import { PsqlPipe } from './peers/psql-pipe.js'
import type { Figure } from './table.js'

export interface RaceOptions {
  readonly cells: BenchCells
  readonly mover: Mover
  readonly rows: number
  readonly rounds: number
  /** The program, or null where the machine has none: then there are no pipes. */
  readonly psql: string | null
  readonly say: (text: string) => void
}

export interface RaceResults {
  readonly movedRows: number
  readonly bytesCopied: number
  readonly figures: readonly Figure[]
  /** Peers that were not measured, and why. */
  readonly missing: readonly string[]
}

type Unit = Figure['unit']
type Contender = (note: (name: string, unit: Unit, value: number | null) => void) => Promise<void>

const TEMPLATE = 'template_a'

/**
 * Rounds of all contenders in turn, each beginning at the next one, on databases fresh from their templates: whatever else the
 * machine does falls on all of them alike.
 */
export async function race(options: RaceOptions): Promise<RaceResults> {
  const { cells, mover, rounds, psql, say } = options
  say(`seeding an organization of ${options.rows} rows`)
  await cells.seedTemplate('source', TEMPLATE, options.rows)
  say('a first move, not measured')
  await reset(mover, cells)
  const first = (await mover.move(BIG_ORGANIZATION)).document
  const moveId = first.moveId ?? ''
  const plan = await mover.planOf(moveId)
  const pipe = new PsqlPipe(psql ?? '', plan, moveId)
  await preparePeer(cells, plan, 'template_b')

  const tables = pipe.inOrder().map((table) => peerTable(table, pipe.rows(table), moveId))
  const missing = psql === null ? ['psql pipes: no psql here'] : []
  const others: Contender[] = []
  for (const peer of [foreignDataWrapper(tables), logicalReplication(tables), batchedInsert(tables)]) {
    const why = await peer.missing(cells)
    if (why === null) others.push(await prepared(cells, pipe, peer, say))
    else missing.push(`${peer.name}: ${why}`)
  }
  missing.push('pgcopydb: another job, it copies whole databases or tables and has no condition on rows')
  const contenders: readonly Contender[] = [(note) => wholeMove(options, note), ...(psql !== null ? [piped(cells, pipe, false), piped(cells, pipe, true)] : []), ...others, plainDeletes(cells, pipe)]
  const measured = new Map<string, { readonly unit: Unit; readonly rounds: number[] }>()
  const note = (name: string, unit: Unit, value: number | null): void => {
    if (value === null) return
    const found = measured.get(name) ?? { unit, rounds: [] }
    measured.set(name, found)
    found.rounds.push(Math.round(value * 1000) / 1000)
  }
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`)
    for (let n = 0; n < contenders.length; n++) await contenders[(round + n) % contenders.length]?.(note)
  }
  return { movedRows: first.verification.rows, bytesCopied: first.bytesCopied, figures: [...measured].map(([name, figure]) => ({ name, ...figure })), missing }
}

async function reset(mover: Mover, cells: BenchCells): Promise<void> {
  await mover.reset(TEMPLATE)
  await cells.checkpoint()
}

async function wholeMove({ cells, mover }: RaceOptions, note: Parameters<Contender>[0]): Promise<void> {
  await reset(mover, cells)
  const [{ document, measured }, cpu] = await withServerCpu(cells, () => mover.move(BIG_ORGANIZATION))
  for (const phase of ['prepare', 'freeze', 'copy', 'verify', 'cutover']) note(phase, 's', secondsOf(document, phase))
  note('window', 's', secondsOf(document, 'freeze', 'copy', 'verify', 'cutover'))
  note('whole move', 's', measured.seconds)
  noteCosts('move', measured, cpu, note)
  await cells.checkpoint()
  const [purged] = await withServerCpu(cells, () => mover.purge(document.moveId ?? '', BIG_ORGANIZATION))
  note('purge', 's', secondsOf(purged.document, 'purge'))
}

function piped(cells: BenchCells, pipe: PsqlPipe, replicaRole: boolean): Contender {
  const name = replicaRole ? 'pipe, replica role' : 'pipe, keys on'
  return async (note) => {
    await cells.restore('source', CELL, PEER)
    await cells.restore('target', CELL, PEER)
    await cells.checkpoint()
    const [measured, cpu] = await withServerCpu(cells, () => pipe.run({ source: cells.url('source', CELL), target: cells.url('target', CELL) }, { replicaRole }))
    note(name, 's', measured.seconds)
    noteCosts(name, measured, cpu, note)
    await assertComplete(cells, pipe)
  }
}

/** What the peer needs is made once, and is in the templates of its own from then on. */
async function prepared(cells: BenchCells, pipe: PsqlPipe, peer: Peer, say: RaceOptions['say']): Promise<Contender> {
  say(`preparing ${peer.name}`)
  const template = `template_${peer.name.replaceAll(/[^a-z]+/g, '_')}`
  for (const side of ['source', 'target'] as const) await cells.restore(side, CELL, PEER)
  await peer.prepare(cells)
  for (const side of ['source', 'target'] as const) {
    await cells.query(side, 'postgres', `DROP DATABASE IF EXISTS ${template}`)
    await cells.query(side, 'postgres', `ALTER DATABASE ${CELL} RENAME TO ${template}`)
  }
  return async (note) => {
    for (const side of ['source', 'target'] as const) await cells.restore(side, CELL, template)
    await cells.checkpoint()
    const started = performance.now()
    const [, cpu] = await withServerCpu(cells, () => peer.run(cells))
    note(peer.name, 's', (performance.now() - started) / 1000)
    for (const side of ['source', 'target'] as const) note(`${peer.name}: ${side} CPU`, 's', cpu[side])
    await assertComplete(cells, pipe)
    await peer.cleanUp?.(cells)
  }
}

/** Outside the clock: a peer that lost rows would be no peer. */
async function assertComplete(cells: BenchCells, pipe: PsqlPipe): Promise<void> {
  const [source, target] = await Promise.all((['source', 'target'] as const).map((side) => cells.query(side, CELL, pipe.counts())))
  if (JSON.stringify(source) !== JSON.stringify(target)) throw new Error(`the pipe lost rows: ${JSON.stringify(source)} ${JSON.stringify(target)}`)
}

function plainDeletes(cells: BenchCells, pipe: PsqlPipe): Contender {
  return async (note) => {
    // from the peer's own template: no fence of the mover's is asked, because its sessions run under the replica role too
    await cells.restore('source', CELL, TEMPLATE)
    await cells.checkpoint()
    const started = performance.now()
    await withClient(cells.url('source', CELL), async (client) => {
      for (const statement of pipe.deletes()) await client.query(statement)
    })
    note('plain DELETEs', 's', (performance.now() - started) / 1000)
  }
}

function noteCosts(name: string, measured: Measured, cpu: ServerCpu, note: Parameters<Contender>[0]): void {
  note(`${name}: client CPU`, 's', measured.cpuSeconds)
  note(`${name}: source CPU`, 's', cpu.source)
  note(`${name}: target CPU`, 's', cpu.target)
  if (name === 'move') note('move: peak memory', 'MB', measured.peakBytes === null ? null : measured.peakBytes / 2 ** 20)
}

export interface ServerCpu {
  readonly source: number | null
  readonly target: number | null
}

export async function withServerCpu<T>(cells: BenchCells, work: () => Promise<T>): Promise<readonly [T, ServerCpu]> {
  const now = (): ServerCpu => ({ source: serverCpuSeconds(cells.pid('source')), target: serverCpuSeconds(cells.pid('target')) })
  const before = now()
  const result = await work()
  const after = now()
  const spent = (side: keyof ServerCpu): number | null => (before[side] === null || after[side] === null ? null : after[side] - before[side])
  return [result, { source: spent('source'), target: spent('target') }]
}
