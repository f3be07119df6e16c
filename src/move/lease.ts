import { setTimeout as sleep } from 'node:timers/promises'
import { MoverError } from '../domain/errors.js'
import { applicationName } from '../dataplane/names.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { leaseLost } from './journal-guard.js'
import type { Holder } from './journal-guard.js'

/**
 * Takes the lease of a move: raises its epoch by one, which ends the right to write of whoever drove it before (P6). Only where
 * nobody holds it, or the holder was silent until its lease ended by the control server's clock, or, with `fromLiving`, from a
 * driver that is at work: the epoch ends its right to write all the same. Else OM3004 names the holder. OM1007 for an unknown move. Waits for journal writes in flight of the earlier driver; what it left
 * half open on the move's row, its lease over, is ended.
 */
export async function acquireLease(session: Session, moveId: string, holder: string, leaseMs: number, { fromLiving = false }: { readonly fromLiving?: boolean } = {}): Promise<{ readonly epoch: bigint }> {
  const acquire = async (): Promise<{ epoch: string } | undefined> => (await session.rows<{ epoch: string }>(sql('journal/acquire-lease'), [moveId, holder, leaseMs, fromLiving]))[0]
  const row = await acquire().catch(async (error: unknown) => {
    // a dead driver's half-open session may hold the move's row; a living one is left alone
    if (!(error instanceof MoverError) || error.code !== 'OM3003' || ((await holderOf(session, moveId))?.seconds_left ?? 0) > 0) throw error
    await session.rows(sql('guard/terminate-older'), [applicationName(moveId), ''])
    return acquire()
  })
  if (row !== undefined) return { epoch: BigInt(row.epoch) }
  const held = await holderOf(session, moveId)
  if (held === undefined) throw new MoverError({ code: 'OM1007', message: `no move has the id ${moveId}`, hint: '`org-mover list` shows the moves', retry: 'never' })
  throw new MoverError({
    code: 'OM3004',
    message: `move ${moveId} is driven by ${held.holder ?? 'another process'}, whose lease lasts until ${held.until?.toISOString() ?? 'a moment ago'}`,
    hint: `wait for it; if that process is gone, run the command again in ${Math.max(1, Math.ceil(held.seconds_left ?? 1))} s; \`org-mover resume --take-over\` takes the move from a living one`,
    retry: 'safe',
    context: { moveId, holder: held.holder },
  })
}

async function holderOf(session: Session, moveId: string): Promise<{ readonly holder: string | null; readonly until: Date | null; readonly seconds_left: number | null } | undefined> {
  const [held] = await session.rows<{ holder: string | null; until: Date | null; seconds_left: number | null }>(sql('journal/lease-holder'), [moveId])
  return held
}

export interface LeaseOptions {
  /** Opens a session on the control database. The lease uses sessions of its own: a long statement elsewhere must not delay its heartbeat. */
  readonly connect: () => Promise<Session>
  readonly holder: Holder
  readonly leaseMs: number
  /** What the driver does, for those who watch: told with each heartbeat. */
  readonly activity?: () => unknown
}

/**
 * Keeps an acquired lease with a heartbeat every third of it. A heartbeat that fails or hangs is tried again on a new connection;
 * when the lease may have ended without one having succeeded, or another process has it, `signal` is aborted with OM3005.
 * The signal spares work; what keeps a late process from writing is the epoch.
 */
export class Lease implements AsyncDisposable {
  readonly #options: LeaseOptions
  readonly #lost = new AbortController()
  readonly #stop = new AbortController()
  readonly #beating: Promise<void>
  #session: Session | null = null
  #goodUntilMs: number

  private constructor(options: LeaseOptions) {
    this.#options = options
    this.#goodUntilMs = performance.now() + options.leaseMs
    this.#beating = this.#beat()
  }

  /** Right after acquireLease. Returns at once; the first heartbeat comes a third of the lease later. */
  static keep(options: LeaseOptions): Lease {
    return new Lease(options)
  }

  /** Aborted when the lease is lost; the reason is a MoverError OM3005. Never aborted by `release`. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /**
   * Stops the heartbeat and gives the lease back, so that the next process need not wait for its end. Idempotent. Never throws: a
   * lease that cannot be given back ends by itself.
   */
  async release(): Promise<void> {
    if (this.#stop.signal.aborted) return this.#beating
    this.#stop.abort()
    await this.#beating
    if (!this.#lost.signal.aborted) {
      await this.#attempt((session) => session.rows(sql('journal/release-lease'), this.#key())).catch(() => undefined)
    }
    const session = this.#session
    this.#session = null
    await session?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #beat(): Promise<void> {
    const intervalMs = this.#options.leaseMs / 3
    let waitMs = intervalMs
    while (await this.#wait(waitMs)) {
      const startedMs = performance.now()
      try {
        const rows = await this.#attempt((session) => session.rows(sql('journal/renew-lease'), [...this.#key(), this.#options.leaseMs, JSON.stringify(this.#options.activity?.() ?? null)]))
        if (rows.length === 0) return this.#lose()
        // counted from before the statement: the server's lease ends later than that, never earlier
        this.#goodUntilMs = startedMs + this.#options.leaseMs
        waitMs = intervalMs
      } catch {
        waitMs = Math.max(1, Math.min(intervalMs / 4, this.#goodUntilMs - performance.now()))
      }
      if (performance.now() >= this.#goodUntilMs) return this.#lose()
    }
  }

  /** One statement on the lease's session, a new one if need be, given up after a third of the lease or when the lease may have ended. */
  async #attempt<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const leftMs = this.#goodUntilMs - performance.now()
    // nothing left means that the process itself stood still: the database knows whether the lease is still ours
    const timeoutMs = leftMs > 0 ? Math.min(this.#options.leaseMs / 3, leftMs) : this.#options.leaseMs / 3
    const attempt = { isOver: false }
    const clock = new AbortController()
    const timedOut = sleep(timeoutMs, null, { signal: clock.signal, ref: false }).then(
      () => Promise.reject(new Error('no answer in time')),
      () => new Promise<never>(() => undefined),
    )
    try {
      return await Promise.race([this.#connected(attempt).then(work), timedOut])
    } catch (error) {
      this.#session?.destroy()
      this.#session = null
      throw error
    } finally {
      attempt.isOver = true
      clock.abort()
    }
  }

  async #connected(attempt: { readonly isOver: boolean }): Promise<Session> {
    if (this.#session !== null) return this.#session
    const session = await this.#options.connect()
    if (attempt.isOver) {
      session.destroy()
      throw new Error('connected too late')
    }
    this.#session = session
    return session
  }

  /** False once the lease is being released. */
  async #wait(ms: number): Promise<boolean> {
    try {
      await sleep(ms, null, { signal: this.#stop.signal, ref: false })
      return true
    } catch {
      return false
    }
  }

  #key(): [string, string] {
    return [this.#options.holder.moveId, String(this.#options.holder.epoch)]
  }

  #lose(): void {
    this.#session?.destroy()
    this.#session = null
    this.#lost.abort(leaseLost(this.#options.holder))
  }
}
