import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { MoveDocument } from '../domain/documents.js'
import { PHASES } from '../domain/vocabulary.js'
import type { Phase } from '../domain/vocabulary.js'
import type { ProgressEvent } from './progress.js'

interface MetricsOptions {
  readonly command: string
  readonly version: string
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number
}

/**
 * What one command says of a move, in Prometheus' exposition format: names in docs/observability.md. Counters count what this process did; a
 * resumed move begins anew, as after any restart. Labels name organization, cells and phases, never a table: their number does not grow with the schema.
 */
export class MoveMetrics {
  readonly #options: MetricsOptions
  readonly #registry = new Registry()
  readonly #phases = new Map<Phase, { readonly sinceMs: number; endMs: number | null }>()
  #phase: Phase | 'none' = 'none'
  #frozen: { readonly forMs: number; readonly toldMs: number } | null = null
  #waitingSinceMs: number | null = null

  readonly #info = this.#gauge('move_info', 'The move that is driven; always 1.', ['move_id', 'org', 'source', 'target', 'command', 'version'])
  readonly #rows = this.#counter('rows_total', 'Rows copied, verified or purged by this process.', ['phase'])
  readonly #bytes = this.#counter('bytes_total', 'Bytes on their way to the target.', ['phase'])
  readonly #plannedRows = this.#gauge('planned_rows', 'Rows that the phase had before it; may be an estimate.', ['phase'])
  readonly #plannedTables = this.#gauge('planned_tables', 'Tables that the phase had before it.', ['phase'])
  readonly #tables = this.#counter('tables_done_total', 'Tables done by this process.', ['phase'])
  readonly #waited = this.#counter('waited_seconds_total', 'Time in which nothing moved because something was waited for.', [])
  readonly #limit = this.#gauge('frozen_limit_seconds', 'How long writes may be rejected (--max-window); absent without a limit.', [])
  readonly #findings = this.#gauge('findings', 'Findings of the command, once it has ended.', ['severity'])
  readonly #differences = this.#gauge('verification_differences', 'Rows that verification proved to differ, once the command has ended.', ['kind'])
  readonly #verified = this.#gauge('verification_rows', 'Rows that were compared, once the command has ended.', [])
  readonly #exitCode = this.#gauge('exit_code', 'Exit code of the command; absent while it runs.', [])
  readonly #endedAt = this.#gauge('ended_timestamp_seconds', 'When the command ended.', [])

  constructor(options: MetricsOptions) {
    this.#options = options
    collectDefaultMetrics({ register: this.#registry })
    // of the runtime, some of which are named against the conventions: the process's are enough
    for (const { name } of this.#registry.getMetricsAsArray()) if (name.startsWith('nodejs_')) this.#registry.removeSingleMetric(name)
    this.#gauge('phase', '1 for the phase under way, 0 for the others.', ['phase'], (gauge) => {
      for (const phase of [...PHASES, 'none'] as const) gauge.set({ phase }, phase === this.#phase ? 1 : 0)
    })
    this.#gauge('phase_seconds', 'How long the phase took, or has been under way.', ['phase'], (gauge) => {
      for (const [phase, { sinceMs, endMs }] of this.#phases) gauge.set({ phase }, ((endMs ?? this.#nowMs()) - sinceMs) / 1000)
    })
    this.#gauge('frozen_seconds', 'For how long both cells have rejected writes to the organization; 0 where one accepts them.', [], (gauge) => {
      gauge.set(this.#frozen === null ? 0 : (this.#frozen.forMs + this.#nowMs() - this.#frozen.toldMs) / 1000)
    })
    this.#gauge('frozen_since_timestamp_seconds', 'Since when; absent where a cell accepts them. Holds on when the process is gone.', [], (gauge) => {
      gauge.remove()
      if (this.#frozen !== null) gauge.set((Date.now() - this.#frozen.forMs - this.#nowMs() + this.#frozen.toldMs) / 1000)
    })
    this.#gauge('waiting', '1 while something is waited for.', [], (gauge) => gauge.set(this.#waitingSinceMs === null ? 0 : 1))
  }

  readonly progress = (event: ProgressEvent): void => {
    switch (event.kind) {
      case 'move':
        return this.#standing(event)
      case 'phase':
        return this.#phaseEvent(event)
      case 'total':
        this.#plannedRows.set({ phase: this.#phase }, event.rows)
        return this.#plannedTables.set({ phase: this.#phase }, event.tables)
      case 'table':
        if (event.state === 'done') this.#tables.inc({ phase: this.#phase })
        return
      case 'moved':
        this.#rows.inc({ phase: this.#phase }, event.rows)
        return this.#bytes.inc({ phase: this.#phase }, event.bytes)
      case 'waiting':
        return this.#waiting(event.reason !== null)
      case 'step':
    }
  }

  /** The command has ended; what is scraped from now on does not change. */
  ended(exitCode: number, move: MoveDocument | null): void {
    this.#waiting(false)
    this.#endPhase()
    this.#exitCode.set(exitCode)
    this.#endedAt.setToCurrentTime()
    if (move === null) return
    if (move.fence?.source !== 'rejects' || move.fence.target !== 'rejects') this.#frozen = null
    for (const severity of ['error', 'warning'] as const) this.#findings.set({ severity }, move.findings.filter((one) => one.severity === severity).length)
    this.#verified.set(move.verification.rows)
    for (const kind of ['missing', 'extraneous', 'mismatching'] as const) this.#differences.set({ kind }, move.verification[kind])
  }

  /** In the text format 0.0.4, as `contentType` says. */
  async text(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #standing({ moveId, org, source, target, frozenForMs, maxWindowMs }: Extract<ProgressEvent, { readonly kind: 'move' }>): void {
    const { command, version } = this.#options
    this.#info.set({ move_id: moveId, org, source, target, command, version }, 1)
    this.#frozen = frozenForMs === null ? null : { forMs: frozenForMs, toldMs: this.#nowMs() }
    if (maxWindowMs !== null) this.#limit.set(maxWindowMs / 1000)
  }

  #phaseEvent({ phase, state }: Extract<ProgressEvent, { readonly kind: 'phase' }>): void {
    if (state === 'done') return this.#endPhase()
    if (phase === this.#phase) return
    this.#phase = phase
    this.#phases.set(phase, { sinceMs: this.#nowMs(), endMs: null })
  }

  #endPhase(): void {
    const running = this.#phase === 'none' ? undefined : this.#phases.get(this.#phase)
    if (running !== undefined) running.endMs = this.#nowMs()
    this.#phase = 'none'
  }

  #waiting(isWaiting: boolean): void {
    if (isWaiting === (this.#waitingSinceMs !== null)) return
    if (this.#waitingSinceMs !== null) this.#waited.inc((this.#nowMs() - this.#waitingSinceMs) / 1000)
    this.#waitingSinceMs = isWaiting ? this.#nowMs() : null
  }

  #nowMs(): number {
    return this.#options.nowMs()
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[], collect?: (gauge: Gauge<Label>) => void): Gauge<Label> {
    const options = { name: `org_mover_${name}`, help, labelNames, registers: [this.#registry] }
    const gauge = collect === undefined ? new Gauge(options) : new Gauge({ ...options, collect: function (this: Gauge<Label>) { collect(this) } })
    // without labels it would say 0 before anything is known
    if (labelNames.length === 0) gauge.remove()
    return gauge
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `org_mover_${name}`, help, labelNames, registers: [this.#registry] })
  }
}
