import { setTimeout as sleep } from 'node:timers/promises'

/** Why nothing may begin now, in the words that progress shows; null: go on. What it throws stops the move. */
export type Reason = () => Promise<string | null>

/** What an operator asked of a move that runs; what is left out is as configured. */
export interface PaceOrders {
  /** Null: no limit. */
  readonly maxBytesPerSecond?: number | null
  readonly paused?: boolean
}

export interface PaceOptions {
  /** As configured; null: no limit. */
  readonly maxBytesPerSecond: number | null
  readonly orders: () => Promise<PaceOrders>
  /** Asked in their order; the first that has one is waited for. */
  readonly reasons: readonly Reason[]
  /** Called when what is waited for, or the limit, has changed. */
  readonly tell: (standing: { readonly waitsFor: string | null; readonly maxBytesPerSecond: number | null }) => Promise<void>
  /** How old an answer may be, and how often a wait asks again. */
  readonly everyMs?: number
}

const EVERY_MS = 1_000

/**
 * How fast a move may go, composed of reasons to wait. Between chunks it waits for all of them, so that no transaction is held open meanwhile; within a stream for
 * its share of the bytes per second alone. Nothing runs in the background: orders and reasons are asked when a chunk or a buffer
 * comes, at most once a second for all streams together.
 */
export class Pace {
  readonly #options: PaceOptions
  readonly #everyMs: number
  #limit: number | null
  #asked: Promise<string | null> | null = null
  /** When the answer came; while it is awaited nobody asks again. */
  #answeredAtMs = Infinity
  #ordersAtMs = -Infinity
  #told: string | null = null
  /** Bytes that takers came with, and how many of them may have passed by `#clockMs`. */
  #taken = 0
  #passed = 0
  #clockMs = 0

  constructor(options: PaceOptions) {
    this.#options = options
    this.#everyMs = options.everyMs ?? EVERY_MS
    this.#limit = options.maxBytesPerSecond
  }

  /** Before each chunk, while no transaction is open: resolves when nothing stands against it. */
  async turn(signal: AbortSignal): Promise<void> {
    while ((await this.#reason()) !== null) await sleep(this.#everyMs, undefined, { signal })
  }

  /** For a buffer of a stream: null where it may pass at once. The sum over all streams never exceeds the limit for longer than one buffer. */
  take(bytes: number, signal?: AbortSignal): Promise<void> | null {
    this.#refresh()
    if (this.#limit === null) return null
    this.#advance()
    const place = this.#taken
    this.#taken += bytes
    return place <= this.#passed ? null : this.#await(place, signal)
  }

  async #await(place: number, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      this.#refresh()
      this.#advance()
      const missing = place - this.#passed
      if (missing <= 0 || this.#limit === null) return
      // a new limit is heard of within a second, however low the old one was
      await sleep(Math.min(this.#everyMs, Math.ceil((missing / this.#limit) * 1000)), undefined, signal === undefined ? {} : { signal })
    }
  }

  #advance(): void {
    const now = performance.now()
    const allowed = this.#limit === null ? Infinity : this.#passed + ((now - this.#clockMs) / 1000) * this.#limit
    // what nobody took is not saved up
    this.#passed = Math.min(this.#taken, allowed)
    this.#clockMs = now
  }

  /** Within a stream orders are heard of without waiting for them; where they cannot be read, the journal's own writes will tell. */
  #refresh(): void {
    if (performance.now() - this.#ordersAtMs < this.#everyMs) return
    void this.#readOrders().catch(() => undefined)
  }

  async #readOrders(): Promise<PaceOrders> {
    this.#ordersAtMs = performance.now()
    const orders = await this.#options.orders()
    this.#advance()
    this.#limit = orders.maxBytesPerSecond === undefined ? this.#options.maxBytesPerSecond : orders.maxBytesPerSecond
    return orders
  }

  #reason(): Promise<string | null> {
    if (this.#asked === null || performance.now() - this.#answeredAtMs >= this.#everyMs) {
      this.#answeredAtMs = Infinity
      this.#asked = this.#ask().finally(() => (this.#answeredAtMs = performance.now()))
    }
    return this.#asked
  }

  async #ask(): Promise<string | null> {
    const { paused } = await this.#readOrders()
    let waitsFor = paused === true ? 'an operator, who paused the move: `org-mover throttle MOVE_ID --continue` ends it' : null
    for (const reason of this.#options.reasons) waitsFor ??= await reason()
    const standing = { waitsFor, maxBytesPerSecond: this.#limit }
    const told = JSON.stringify(standing)
    if (told !== this.#told) await this.#options.tell(standing)
    this.#told = told
    return waitsFor
  }
}
