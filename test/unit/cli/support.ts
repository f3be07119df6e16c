import type { App, CreateApp, RunDemo } from '../../../src/cli/app.js'
import type { InterruptSignal } from '../../../src/cli/exit-code.js'
import type { Clock, Host } from '../../../src/cli/host.js'
import { run } from '../../../src/cli/run.js'
import type { CheckDocument, DiscoverDocument, DoneDocument, ListDocument, MoveDocument, PlanDocument } from '../../../src/domain/documents.js'
import { emptyOutcome } from '../../../src/cli/outcome.js'
import { MINIMAL, withFiles } from '../config/support.js'

export const MOVE = { ...(emptyOutcome('move', null, { org: '42', source: 'cell-a', target: 'cell-b', moveId: '0197f3a2-0000-7000-8000-000000000000' }).document as MoveDocument), state: 'cut_over', next: 'org-mover purge 0197f3a2' } as const satisfies MoveDocument
export const PLAN: PlanDocument = { ...(emptyOutcome('plan', null, { org: '42', target: 'cell-b' }).document as PlanDocument), source: 'cell-a', rowsChecked: true }
export const DONE: DoneDocument = { done: ['did it'], org: '42', cell: 'cell-a', epoch: 3, error: null }
export const CHECK: CheckDocument = { checks: [{ cell: 'cell-a', database: 'main', name: 'reachable', ok: true, message: '' }], findings: [], error: null }
export const DISCOVER: DiscoverDocument = { cell: 'cell-a', tables: [], findings: [], error: null }
export const LIST: ListDocument = { moves: [MOVE], error: null }

/** A clock that stands until it is told to go on. */
export class FakeClock implements Clock {
  #now = 0
  readonly #ticks = new Set<{ readonly everyMs: number; next: number; readonly tick: () => void }>()

  now(): number {
    return this.#now
  }

  every(everyMs: number, tick: () => void): () => void {
    const timer = { everyMs, next: this.#now + everyMs, tick }
    this.#ticks.add(timer)
    return () => void this.#ticks.delete(timer)
  }

  sleep(_ms: number, signal: AbortSignal): Promise<void> {
    return signal.aborted ? Promise.reject(signal.reason as Error) : new Promise((resolve) => setImmediate(resolve))
  }

  advance(ms: number): void {
    const until = this.#now + ms
    while (this.#now < until) {
      this.#now += 1
      for (const timer of this.#ticks) {
        if (timer.next > this.#now) continue
        timer.next += timer.everyMs
        timer.tick()
      }
    }
  }
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly calls: readonly (readonly unknown[])[]
  readonly exits: readonly number[]
}

export interface RunOptions {
  readonly app?: Partial<App>
  readonly env?: Readonly<Record<string, string>>
  readonly answer?: string | null
  /** Width of standard output. */
  readonly columns?: number
  /** Height of standard output, which then is a terminal. */
  readonly rows?: number
  readonly config?: string
  readonly demo?: RunDemo
  /** Called with what sends a signal, as soon as the app is made. */
  readonly onStart?: (send: (signal: InterruptSignal) => void) => void
}

/** Runs a command line against an application that records its calls; `{config}` stands for a valid configuration file. */
export async function runCli(line: string, options: RunOptions = {}): Promise<Ran> {
  return withFiles({ 'org-mover.yaml': options.config ?? MINIMAL }, async (directory) => {
    const argv = line.split(' ').filter((word) => word !== '').map((word) => word.replace('{config}', `${directory}/org-mover.yaml`).replace('{dir}', directory))
    return runArgv(argv, { ...options, env: { ORG_MOVER_CONFIG: `${directory}/org-mover.yaml`, ...options.env } })
  })
}

export async function runArgv(argv: readonly string[], options: RunOptions): Promise<Ran> {
  const calls: (readonly unknown[])[] = []
  const exits: number[] = []
  let stdout = ''
  let stderr = ''
  const handlers = new Map<InterruptSignal, () => void>()
  const createApp: CreateApp = () => {
    options.onStart?.((signal) => handlers.get(signal)?.())
    return recording(options.app ?? {}, calls)
  }
  const host: Host = {
    env: options.env ?? {},
    stdout: { write: (text) => void (stdout += text), isTTY: options.rows !== undefined, columns: options.columns ?? null, rows: options.rows ?? null },
    stderr: { write: (text) => void (stderr += text), isTTY: false, columns: null, rows: null },
    clock: new FakeClock(),
    ask: options.answer === undefined ? null : () => Promise.resolve(options.answer ?? null),
    onSignal: (signal, handler) => {
      handlers.set(signal, handler)
      return () => void handlers.delete(signal)
    },
    exit: (code) => void exits.push(code),
    stray: new Promise(() => undefined),
    createApp,
    runDemo: options.demo ?? (() => Promise.resolve(MOVE)),
  }
  const code = await run(argv, host)
  return { code, stdout, stderr, calls, exits }
}

const ANSWERS: Readonly<Record<string, unknown>> = { init: DONE, routeGet: DONE, routeSet: DONE, doctor: CHECK, discover: DISCOVER, plan: PLAN, list: LIST }

function recording(given: Partial<App>, calls: (readonly unknown[])[]): App {
  return new Proxy({} as App, {
    get: (_target, name) => {
      if (name === 'then') return undefined
      if (name === Symbol.asyncDispose) return () => Promise.resolve(void calls.push(['dispose']))
      return (...args: readonly unknown[]) => {
        const isIo = (value: unknown): boolean => typeof value === 'object' && value !== null && 'confirm' in value
        calls.push([name, ...args.filter((value) => !isIo(value))])
        const method = given[name as keyof App] as ((...values: readonly unknown[]) => unknown) | undefined
        if (method !== undefined) return method(...args)
        return Promise.resolve(name === 'discover' && (args[0] as { readonly mode: string }).mode === 'check' ? CHECK : (ANSWERS[String(name)] ?? MOVE))
      }
    },
  })
}
