import { setTimeout as sleep } from 'node:timers/promises'
import { MoverError } from '../domain/errors.js'
import type { Session } from '../postgres/session.js'
import { SessionPool } from '../postgres/session-pool.js'
import { sql } from '../postgres/sql.js'
import type { Holder } from './guard.js'

/** Where rows are read. */
export interface Reader {
  use<T>(work: (session: Session) => Promise<T>): Promise<T>
}

export interface ReplicaWait {
  readonly holder: Holder
  /** So long a session waits for the replica to replay what the source had. */
  readonly timeoutMs: number
  readonly onWaiting: (reason: string | null) => void
  readonly signal: AbortSignal
}

interface Mark extends ReplicaWait {
  readonly primary: string
  readonly systemIdentifier: string
  readonly lsn: string
}

/** How a server that `read_from` names stands to a primary. */
export interface ReplicaState {
  readonly system_identifier: string
  readonly in_recovery: boolean
  readonly replayed: boolean
  readonly behind: string
  readonly paused: boolean
}

const POLL_MS = 100

/** Whether the server can be read at all in place of the primary whose system identifier that is: null, or why not. */
export function misfit(state: ReplicaState, systemIdentifier: string): string | null {
  if (state.system_identifier !== systemIdentifier) return `is another cluster (system identifier ${state.system_identifier}, not ${systemIdentifier})`
  return state.in_recovery ? null : 'is no standby (not in recovery): it may have been promoted'
}

/**
 * Reads of frozen rows from a streaming replica of the source. Every session is held to the mark before it is used, not the address once: behind one
 * address there may be several replicas, and another one after a reconnect.
 */
export class Replica implements Reader, AsyncDisposable {
  readonly label: string
  readonly #pool: SessionPool
  #mark: Mark | null = null
  readonly #settled = new WeakMap<Session, Mark>()

  constructor(label: string, open: () => Promise<Session>) {
    this.label = label
    this.#pool = new SessionPool(open)
  }

  /**
   * From here on no session reads before the replica has replayed all that the primary has committed by now. Call it after anything that later reads must
   * see: the freeze, key sets, maps. `primary` is outside of a transaction. Throws OM2132 where this is no replica of it, OM3020 where it stays behind, OM3005.
   */
  async catchUp(primary: Session, wait: ReplicaWait): Promise<void> {
    const held = await primary.rows(sql('replica/mark'), [wait.holder.moveId, String(wait.holder.epoch)])
    if (held.length === 0) throw new MoverError({ code: 'OM3005', message: `${primary.label}: another process has taken this move over`, hint: 'leave the move to that process', retry: 'never' })
    const { system_identifier: systemIdentifier, lsn } = await primary.one<{ system_identifier: string; lsn: string }>(sql('verify/server'))
    this.#mark = { ...wait, primary: primary.label, systemIdentifier, lsn }
    await this.use(() => Promise.resolve())
  }

  use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#pool.use(async (session) => {
      await this.#settle(session)
      return work(session)
    })
  }

  destroy(): void {
    this.#pool.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]()
  }

  async #settle(session: Session): Promise<void> {
    const mark = this.#mark
    if (mark === null) throw new RangeError(`${this.label} is read before anybody said what it must have replayed`)
    if (this.#settled.get(session) === mark) return
    const deadline = Date.now() + mark.timeoutMs
    let state = await this.#stateOf(session, mark)
    const waits = !state.replayed
    while (!state.replayed) {
      mark.onWaiting(`${this.label} has ${state.behind} bytes of the log to replay up to ${mark.lsn}${state.paused ? '; its replay is paused' : ''}`)
      if (Date.now() > deadline) throw this.#lags(mark, state)
      await sleep(POLL_MS, undefined, { signal: mark.signal })
      state = await this.#stateOf(session, mark)
    }
    if (waits) mark.onWaiting(null)
    const guard = await session.rows(sql('replica/guard'), [mark.holder.moveId, String(mark.holder.epoch)])
    if (guard.length === 0) throw this.#unfit(mark, 'has the place of the log, but not the guard of this move: it follows another branch of the history')
    this.#settled.set(session, mark)
  }

  async #stateOf(session: Session, mark: Mark): Promise<ReplicaState> {
    const state = await session.one<ReplicaState & Record<string, unknown>>(sql('replica/state'), [mark.lsn])
    const why = misfit(state, mark.systemIdentifier)
    if (why !== null) throw this.#unfit(mark, why)
    return state
  }

  #unfit({ primary }: Mark, why: string): MoverError {
    return new MoverError({ code: 'OM2132', message: `${this.label}, which read_from names for ${primary}, ${why}. Nothing was read from it; the source is fenced`, hint: 'correct read_from, or leave it out to read from the primary; then run `org-mover resume`', retry: 'after-fix' })
  }

  #lags(mark: Mark, { behind, paused }: ReplicaState): MoverError {
    return new MoverError({
      code: 'OM3020',
      message: `${this.label} has not replayed ${mark.lsn} of ${mark.primary} within ${mark.timeoutMs} ms: ${behind} bytes of the log are left${paused ? ', and its replay is paused' : ''}. Nothing was read from it; the source is fenced`,
      hint: 'run `org-mover resume` when it has caught up, raise replica_timeout, or leave read_from out to read from the primary',
      retry: 'safe',
    })
  }
}
