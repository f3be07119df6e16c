import type { Progress } from '../observability/progress.js'
import type { Activity } from './move-row.js'

/** What a driver waited for, for how long in all. */
export interface Wait {
  readonly reason: string
  readonly seconds: number
}

/** Shorter ones are not worth a line in the journal. */
const WORTH_TELLING_MS = 1000
const MOST_WAITS = 50

/** Listens to a move's progress on its way to those who watch: what is waited for, for the heartbeat and for the journal. */
export class Waits {
  readonly #to: Progress
  readonly #ended = new Map<string, number>()
  #waiting: { readonly reason: string; readonly sinceMs: number } | null = null
  #step: string | null = null

  constructor(to: Progress) {
    this.#to = to
  }

  readonly progress: Progress = (event) => {
    if (event.kind === 'waiting' && event.reason !== (this.#waiting?.reason ?? null)) {
      this.#end()
      this.#waiting = event.reason === null ? null : { reason: event.reason, sinceMs: performance.now() }
    }
    if (event.kind === 'step') this.#step = event.text
    if (event.kind === 'phase') this.#step = null
    this.#to(event)
  }

  activity(): Activity {
    return { waiting: this.#waiting?.reason ?? null, step: this.#step }
  }

  /** Those that were worth telling since it was last asked, the longest first; one that goes on counts up to now. */
  take(): readonly Wait[] {
    const still = this.#waiting
    this.#end()
    this.#waiting = still === null ? null : { ...still, sinceMs: performance.now() }
    const waits = [...this.#ended].filter(([, ms]) => ms >= WORTH_TELLING_MS).sort(([, a], [, b]) => b - a)
    this.#ended.clear()
    return waits.slice(0, MOST_WAITS).map(([reason, ms]) => ({ reason, seconds: Math.round(ms) / 1000 }))
  }

  #end(): void {
    if (this.#waiting !== null) this.#ended.set(this.#waiting.reason, (this.#ended.get(this.#waiting.reason) ?? 0) + performance.now() - this.#waiting.sinceMs)
    this.#waiting = null
  }
}
