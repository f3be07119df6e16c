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
  #samples: Sample[] = []

  constructor(nowMs: number) {
    this.phaseStartedMs = nowMs
  }

  apply(event: ProgressEvent, nowMs: number): void {
    switch (event.kind) {
      case 'phase':
        return this.#startPhase(event.state === 'started' ? event.phase : null, nowMs)
      case 'total':
        this.totalRows = event.rows
        this.totalTables = event.tables
        this.tablesDone = 0
        return this.#restart(nowMs)
      case 'table':
        if (event.state === 'started') this.#tableOf(event.table).total = event.rows
        else this.#finishTable(event.table)
        return
      case 'moved':
        return this.#moved(event, nowMs)
      case 'waiting':
        if (event.reason !== this.waiting?.reason) this.waiting = event.reason === null ? null : { reason: event.reason, sinceMs: nowMs }
        return
      case 'step':
        this.step = event.text
    }
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
    this.#tableOf(event.table).rows += event.rows
    const last = this.#samples.at(-1)
    if (last === undefined || nowMs - last.atMs >= 250) this.#samples.push({ atMs: nowMs, rows: this.movedRows, bytes: this.movedBytes })
    while ((this.#samples[1]?.atMs ?? nowMs) < nowMs - RATE_WINDOW_MS) this.#samples.shift()
  }

  #tableOf(table: string): TableProgress {
    const known = this.running.get(table) ?? { rows: 0, total: null }
    this.running.set(table, known)
    return known
  }
}

const RATE_WINDOW_MS = 10_000

interface TableProgress {
  rows: number
  total: number | null
}

interface Sample {
  readonly atMs: number
  readonly rows: number
  readonly bytes: number
}
