import { describe, expect, test, vi } from 'vitest'
import type { Settings } from '../../src/config/settings.js'
import { createApp } from '../../src/move/app.js'
import { createLogger } from '../../src/observability/logger.js'
import { Driver } from '../support/move-model/driver.js'
import type { Fault } from '../support/move-model/driver.js'
import { brokenPromises, copyOf, isOver, keyOf, newWorld, rowsOf, writeByClient } from '../support/move-model/world.js'
import type { World } from '../support/move-model/world.js'

/**
 * A move as a state machine, explored over the program itself: App, drive, lease, journal, router, runMove with all phases, abort and
 * purge run as they are, statement by statement, against a world in memory (control database, two cells, route). In place of the
 * real thing stand: what each statement of `sql/` does to that world, by its header (support/move-model/statements.ts, which fails on one
 * that it does not know); the session; the stream of rows; a catalog that never changes; and what prepare finds, which is nothing.
 * A transaction is all or nothing; a guard or a move's row that is held is waited for in vain; a take-over ends the sessions it names.
 *
 * From each state each command is run. At each of its statements that changes something the process is killed, its connection is lost
 * before or after the server did it, it is interrupted, a client of the organization writes, or another process runs resume, abort or
 * purge to its end and then the first one wakes up and goes on. A command may also come late: it looked at the move in an earlier state
 * and waited for its operator. States that no process can tell apart are one. Of `mishaps` there are at most as many on a way as is set
 * below; from the states behind the last one every command is run once more, undisturbed.
 */

vi.mock('../../src/postgres/session.js', async () => ({ Session: (await import('../support/move-model/driver.js')).ModelSession }))
vi.mock('../../src/postgres/sql.js', () => ({ sql: (name: string, parts: Readonly<Record<string, string>> = {}) => `sql:${name} ${JSON.stringify(parts)}` }))
vi.mock('../../src/postgres/read-catalog.js', async () => {
  const { buildCatalog } = await import('../support/catalog-builder.js')
  const catalog = buildCatalog({ parents: 'id pk, org_id!', children: 'id pk, org_id!' })
  return { readCatalog: async () => catalog }
})
vi.mock('../../src/checks/examine.js', async () => {
  const { PLAN } = await import('../support/move-model/plan.js')
  return { examine: async () => ({ plan: PLAN, findings: [], rows: new Map() }) }
})
vi.mock('../../src/dataplane/copy-rows.js', async () => {
  const { copyRows } = await import('../support/move-model/copy-rows.js')
  return { copyRows }
})
vi.mock('../../src/move/control-schema.js', () => ({ assertControlSchema: async () => undefined, installControlSchema: async () => [] }))
// no heartbeat comes: a driver that lost its lease hears of it only by what it tries to write
vi.mock('node:timers/promises', () => ({
  setTimeout: (_ms: number, _value: unknown, options: { readonly signal?: AbortSignal } = {}) =>
    new Promise((_, reject) => {
      if (options.signal?.aborted === true) reject(new Error('aborted'))
      options.signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    }),
}))

/** `full`: every statement, also those that only read; hours. */
const EVERY_STATEMENT = process.env['ORG_MOVER_TEST_MODEL'] === 'full'
const MOST_MISHAPS = Number(process.env['ORG_MOVER_TEST_MODEL_MISHAPS'] ?? 1)
const LOG = createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } })

type Command = 'move' | 'resume' | 'abort' | 'verify' | 'purge' | 'purge too early'

const AFTERWARDS = ['resume', 'abort', 'verify', 'purge', 'purge too early'] as const satisfies readonly Command[]
const MEANWHILE = ['resume', 'abort', 'purge'] as const satisfies readonly Command[]

function settingsOf(driver: Driver, routingElsewhere: boolean): Settings {
  const cell = (name: string): Settings['cells'] extends ReadonlyMap<string, infer Cell> ? Cell : never => ({ name, keyring: null, transportKey: null, maxMoves: null, capacity: null, databases: new Map([['main', { url: `${name}#${driver.id}`, readFrom: null, searchPath: null }]]) })
  return {
    file: '',
    directory: '',
    environment: {},
    cells: new Map([['a', cell('a')], ['b', cell('b')]]),
    control: `control#${driver.id}`,
    routing: { kind: 'postgres', url: routingElsewhere ? `routing#${driver.id}` : null, table: { schema: 'r', name: 'routes' }, orgColumn: 'org', cellColumn: 'cell', epochColumn: 'epoch', cellValues: new Map([['a', 'a'], ['b', 'b']]), isOwn: true },
    tenancy: { root: null, rootKey: 'id', shardingKey: ['org_id'], unowned: 'error', schemas: ['public'], classes: new Map(), entries: [], hasDictionary: true, problems: [] },
    secrets: { codecs: [], mode: 'inline', workers: 0 },
    maintenance: { fence: 'triggers', enter: [], ready: [], leave: [] },
    participants: [],
    copy: { jobs: 1, chunkRows: 100, maxBytesPerSecond: null },
    sample: { tables: 1, rows: 1, bytes: 1, timeMs: 1 },
    throttle: { maxReplicaLagBytes: null, maxWalBacklogBytes: null, maxLockWaits: null, probes: [] },
    verify: { repairAttempts: 1 },
    leaseMs: 60_000,
    lockTimeoutMs: 1,
    answerTimeoutMs: 1,
    drainTimeoutMs: 1,
    replicaTimeoutMs: 1,
    purge: { vacuum: false },
    sequences: 'check',
    retentionMs: 1_000_000,
    confirmCutover: false,
    notify: { reports: null, hooks: [] },
  }
}

interface Ran {
  readonly driver: Driver
  /** Null where it went well; `killed` for a process that is no more. */
  readonly code: string | null
}

/** One process on the world as it stands; whoever held the lease before has been silent long enough. */
async function run(world: World, command: Command, routingElsewhere: boolean, fault: Fault | null = null): Promise<Ran> {
  if (world.move !== null) world.move.leaseIsOver = true
  const driver = new Driver(world, fault)
  const ended = perform(driver, command, routingElsewhere).catch((error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)))
  const code = await Promise.race([ended, driver.died])
  Driver.running.delete(driver.id)
  return { driver, code }
}

async function perform(driver: Driver, command: Command, routingElsewhere: boolean): Promise<string | null> {
  const { signal } = driver.interrupt
  await using app = createApp(settingsOf(driver, routingElsewhere), { logger: LOG, signal })
  const io = { progress: () => undefined, confirm: async () => true, signal }
  const id = driver.world.move?.id ?? '0'
  switch (command) {
    case 'move':
      return (await app.move({ org: '42', to: 'b' }, io)).error?.code ?? null
    case 'resume':
      return (await app.resume(id, io)).error?.code ?? null
    case 'abort':
      return (await app.abort(id, io)).error?.code ?? null
    case 'verify':
      return (await app.verify(id, io)).error?.code ?? null
    case 'purge':
      return (await app.purge(id, { waiveRetention: '42' }, io)).error?.code ?? null
    case 'purge too early':
      return (await app.purge(id, {}, io)).error?.code ?? null
  }
}


interface State {
  readonly world: World
  /** How it came to this, for people. */
  readonly path: readonly string[]
  readonly from: string | null
  /** Crashes, lost connections, interruptions and encounters on the shortest way here. */
  readonly mishaps: number
}

interface Trial {
  readonly key: string
  readonly world: World
  readonly path: readonly string[]
  readonly command: Command
  readonly fault?: Fault | null
  readonly meanwhile?: Command | ((world: World) => void)
}

/** Every world that can come about, each once, and what each command alone makes of it. */
class Exploration {
  readonly states = new Map<string, State>()
  readonly ends = new Map<string, Set<string>>()
  readonly broken = new Map<string, string>()
  readonly late = new Map<string, string>()
  readonly acquires = new Map<string, number>()
  readonly #situations = new Set<string>()
  readonly #numbers = new Map<string, number>()
  readonly #open: string[][] = []
  readonly #most: number
  readonly #elsewhere: boolean
  transitions = 0
  processes = 0

  constructor(routingElsewhere: boolean, most: number) {
    this.#most = most
    this.#elsewhere = routingElsewhere
  }

  async explore(): Promise<void> {
    this.#reach(newWorld(), [], 'move', null, 0)
    const next = (): string | undefined => this.#open.find((keys) => keys !== undefined && keys.length > 0)?.shift()
    for (let key = next(); key !== undefined; key = next()) {
      const state = this.states.get(key)
      if (state !== undefined) for (const command of state.world.move === null ? (['move'] as const) : state.mishaps < this.#most ? AFTERWARDS : MEANWHILE) await this.#from(key, state, command)
    }
  }

  async #from(key: string, { world, path }: State, command: Command): Promise<void> {
    const alone = await this.#run({ key, world, path, command })
    this.ends.set(key, (this.ends.get(key) ?? new Set()).add(keyOf(alone.world)))
    const { statements, changing, writable, sent, seen, seenBefore } = alone.driver
    const acquire = sent.indexOf('journal/acquire-lease')
    if (acquire === -1 && MEANWHILE.some((one) => one === command)) await this.#late(key, command)
    else this.acquires.set(`${key} ${command}`, acquire)
    if ((this.states.get(key)?.mishaps ?? 0) >= this.#most) return
    if (!EVERY_STATEMENT && (command === 'verify' || command === 'purge too early')) return
    const rests = this.#rests(sent)
    const keys = [key, ...seen.map(keyOf)]
    for (let at = 0; at < statements; at += 1) {
      // two processes at the same statement of the same rest, in the same world, have the same to fear
      const situation = `${command} ${rests[at] ?? 0} ${keys[seenBefore[at] ?? 0] ?? ''}`
      if (this.#situations.has(situation)) continue
      if (!EVERY_STATEMENT && !changing.has(at) && at !== acquire) continue
      this.#situations.add(situation)
      const to = { key, world, path, command }
      await this.#run({ ...to, fault: { at, kind: 'lost before' } })
      await this.#run({ ...to, fault: { at, kind: 'interrupt' } })
      if (changing.has(at)) await this.#run({ ...to, fault: { at, kind: 'lost after' } })
      if (writable.has(at)) await this.#run({ ...to, fault: { at, kind: 'meanwhile' }, meanwhile: writeByClient })
      if (command === 'verify' || command === 'purge too early') continue
      for (const other of MEANWHILE) await this.#run({ ...to, fault: { at, kind: 'meanwhile' }, meanwhile: other })
    }
  }

  /** A command that was given, and looked, in an earlier world: its operator took a while to confirm. */
  async #late(key: string, command: Command): Promise<void> {
    const now = this.states.get(key)
    if (now === undefined) return
    let from: State | undefined = now
    while (from !== undefined && !this.acquires.has(`${keyOf(from.world)} ${command}`)) from = from.from === null ? undefined : this.states.get(from.from)
    if (from === undefined) return
    const at = this.acquires.get(`${keyOf(from.world)} ${command}`) ?? 0
    const meanwhile = (world: World): void => {
      Object.assign(world, copyOf(now.world))
      if (world.move !== null) world.move.leaseIsOver = true
    }
    await this.#run({ key, world: from.world, path: [...now.path, 'late'], command, fault: { at, kind: 'meanwhile' }, meanwhile })
  }

  /** One number for each list of names of statements that are still to come. */
  #rests(sent: readonly string[]): readonly number[] {
    const rests: number[] = []
    let rest = 0
    for (const name of sent.toReversed()) {
      const longer = `${rest} ${name}`
      rest = this.#numbers.get(longer) ?? this.#numbers.size + 1
      this.#numbers.set(longer, rest)
      rests.unshift(rest)
    }
    return rests
  }

  async #run({ key, world, path, command, fault = null, meanwhile }: Trial): Promise<{ readonly driver: Driver; readonly world: World }> {
    await new Promise((resolve) => setImmediate(resolve))
    const now = copyOf(world)
    const before = rowsOf(now.cells.a).length
    const label = [...path, `${command}${fault === null ? '' : ` ${fault.kind} ${fault.at}`}${meanwhile === undefined ? '' : ` ${typeof meanwhile === 'string' ? meanwhile : ''}`}`]
    const act = async (): Promise<void> => {
      if (typeof meanwhile === 'function') return void meanwhile(now)
      this.processes += 1
      // what another process leaves on its way is seen where it is run alone
      if (meanwhile !== undefined) await run(now, meanwhile, this.#elsewhere)
    }
    const { driver, code } = await run(now, command, this.#elsewhere, fault === null ? null : { ...fault, meanwhile: act })
    this.processes += 1
    if (code !== null && !/^OM[1-6]/.test(code)) this.broken.set(`bug: ${code}`, label.join(' > '))
    const mishaps = (this.states.get(key)?.mishaps ?? 0) + (fault === null && command !== 'verify' ? 0 : 1)
    for (const seen of driver.seen) this.#reach(seen, [...label, 'killed'], command, key, fault === null ? mishaps + 1 : mishaps)
    for (const what of driver.late) this.late.set(what, label.join(' > '))
    this.#reach(now, label, command, key, mishaps)
    if (command === 'purge too early' && rowsOf(now.cells.a).length < before) this.broken.set('P9: rows were deleted before the end of the retention', label.join(' > '))
    return { driver, world: now }
  }

  /** From where no commands without a mishap lead to an end. */
  stuck(): readonly string[] {
    const good = new Set([...this.states].filter(([, { world }]) => isOver(world)).map(([key]) => key))
    for (let before = -1; before < good.size; ) {
      before = good.size
      for (const [key, ends] of this.ends) if ([...ends].some((end) => good.has(end))) good.add(key)
    }
    return [...this.states].filter(([key]) => !good.has(key)).map(([, { path }]) => path.join(' > '))
  }

  #reach(world: World, path: readonly string[], command: Command, from: string | null, mishaps: number): void {
    this.transitions += 1
    const key = keyOf(world)
    if (this.states.has(key)) return
    this.states.set(key, { world, path, from, mishaps })
    ;(this.#open[mishaps] ??= []).push(key)
    for (const broken of brokenPromises(world, { oneTransaction: !this.#elsewhere, mayPurge: command === 'purge' })) if (!this.broken.has(broken)) this.broken.set(broken, path.join(' > '))
  }
}

describe.each([
  { routing: 'in the control database', elsewhere: false },
  { routing: 'elsewhere', elsewhere: true },
])('a move with its routing $routing, disturbed at every statement that changes something', ({ routing, elsewhere }) => {
  test('keeps P1, P3, P6, P7 and P9 in every state, and each state has a way to an end (P5)', { timeout: 3_600_000 }, async () => {
    const exploration = new Exploration(elsewhere, MOST_MISHAPS)
    await exploration.explore()
    process.stdout.write(`model, routing ${routing}: ${exploration.states.size} states, ${exploration.transitions} transitions, ${exploration.processes} processes\n`)
    expect([...exploration.broken], 'promises that were broken, and how').toEqual([])
    expect([...exploration.late], 'what a driver changed after another had taken over (P6)').toEqual([])
    expect(exploration.stuck(), 'states without a way to an end (P5)').toEqual([])
    const ended = [...exploration.states.values()].map(({ world }) => world.move?.state)
    for (const state of ['created', 'running', 'failed', 'paused', 'cut_over', 'purging', 'completed', 'aborting', 'aborted']) expect(ended, 'the model came everywhere').toContain(state)
    expect(exploration.states.size).toBeGreaterThan(500)
  })
})
