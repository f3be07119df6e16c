import type { Phase } from '../domain/vocabulary.js'
import type { ProgressEvent } from '../observability/progress.js'

/** What is known of a move's progress at one moment; built from events, drawn by the views. */
export class ProgressState {
  phase: Phase | null = null
  phaseStartedMs: number
  totalRows: number | null = null
  totalTables: number | null = null
  tablesDone = 0
  movedRows = 0
  movedBytes = 0
  step: string | null = null
  waiting: { readonly reason: string; readonly sinceMs: number } | null = null
  readonly running = new Map<string, TableProgress>()
  /** Some phases tell of rows alone and not of each table's beginning and end. */
  hasTableEvents = false
  #samples: Sample[] = []

  constructor(nowMs: number) {
    this.phaseStartedMs = nowMs
  }

  apply(event: ProgressEvent, nowMs: number): void {
    switch (event.kind) {
      case 'phase':
        if (event.state === 'started' && event.phase === this.phase) return
        return this.#startPhase(event.state === 'started' ? event.phase : null, nowMs)
      case 'total':
        this.totalRows = event.rows
        this.totalTables = event.tables
        this.tablesDone = 0
        this.hasTableEvents = false
        // what was told before belongs to an earlier part of the work
        this.step = null
        this.running.clear()
        return this.#restart(nowMs)
      case 'table':
        this.hasTableEvents = true
        if (event.state === 'done') return this.#finishTable(event.table)
        this.running.set(event.table, { rows: 0, total: event.rows, isStarted: true, lastMs: nowMs })
        return
      case 'moved':
        return this.#moved(event, nowMs)
      case 'waiting':
        if (event.reason !== this.waiting?.reason) this.waiting = event.reason === null ? null : { reason: event.reason, sinceMs: nowMs }
        return
      case 'step':
        this.step = event.text
        return
      case 'move':
    }
  }

  /** Whether there is anything to draw. */
  get isBusy(): boolean {
    return this.phase !== null || this.step !== null || this.waiting !== null || this.totalRows !== null
  }

  /** Tables under way, the biggest first. One that never said that it began is so while its rows keep coming. */
  tablesUnderWay(nowMs: number): readonly (readonly [name: string, table: TableProgress])[] {
    const shown = [...this.running].filter(([, table]) => table.isStarted || nowMs - table.lastMs < IDLE_AFTER_MS)
    return shown.toSorted(([, a], [, b]) => (b.total ?? b.rows) - (a.total ?? a.rows))
  }

  /** Rows and bytes a second over the last ten seconds; null while nothing can be said. */
  rate(nowMs: number): { readonly rows: number; readonly bytes: number } | null {
    const [oldest] = this.#samples
    const seconds = oldest === undefined ? 0 : (nowMs - oldest.atMs) / 1000
    if (oldest === undefined || seconds < 0.5) return null
    return { rows: (this.movedRows - oldest.rows) / seconds, bytes: (this.movedBytes - oldest.bytes) / seconds }
  }

  /** Of the rows ahead, the part that is done: 0 to 1; null where the total is not known. An estimate may be too small. */
  fraction(): number | null {
    return this.totalRows === null || this.totalRows <= 0 || this.movedRows === 0 ? null : Math.min(1, this.movedRows / this.totalRows)
  }

  remainingMs(nowMs: number): number | null {
    const rows = this.rate(nowMs)?.rows ?? 0
    return rows <= 0 || this.totalRows === null || this.movedRows > this.totalRows ? null : ((this.totalRows - this.movedRows) / rows) * 1000
  }

  #startPhase(phase: Phase | null, nowMs: number): void {
    this.phase = phase
    this.phaseStartedMs = nowMs
    this.step = null
    this.waiting = null
    this.tablesDone = 0
    this.totalRows = null
    this.totalTables = null
    this.hasTableEvents = false
    this.running.clear()
    this.#restart(nowMs)
  }

  #restart(nowMs: number): void {
    this.movedRows = 0
    this.movedBytes = 0
    this.#samples = [{ atMs: nowMs, rows: 0, bytes: 0 }]
  }

  #finishTable(table: string): void {
    this.running.delete(table)
    this.tablesDone += 1
  }

  #moved(event: Extract<ProgressEvent, { readonly kind: 'moved' }>, nowMs: number): void {
    this.movedRows += event.rows
    this.movedBytes += event.bytes
    const table = this.running.get(event.table) ?? { rows: 0, total: null, isStarted: false, lastMs: nowMs }
    this.running.set(event.table, { ...table, rows: table.rows + event.rows, lastMs: nowMs })
    const last = this.#samples.at(-1)
    if (last === undefined || nowMs - last.atMs >= 250) this.#samples.push({ atMs: nowMs, rows: this.movedRows, bytes: this.movedBytes })
    while ((this.#samples[1]?.atMs ?? nowMs) < nowMs - RATE_WINDOW_MS) this.#samples.shift()
  }
}

const RATE_WINDOW_MS = 10_000
const IDLE_AFTER_MS = 1500

export interface TableProgress {
  readonly rows: number
  readonly total: number | null
  /** Whether its beginning was told: then its end will be, too. */
  readonly isStarted: boolean
  readonly lastMs: number
}

interface Sample {
  readonly atMs: number
  readonly rows: number
  readonly bytes: number
}
