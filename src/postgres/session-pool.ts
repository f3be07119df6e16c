import type { Session } from './session.js'

/**
 * Sessions of one kind on one database, opened when first needed. A session comes back only after `work` resolved; after a
 * failure it is destroyed (a failed COPY leaves its peer stuck). The number of sessions is bounded by the callers' jobs.
 */
export class SessionPool implements AsyncDisposable {
  readonly #open: () => Promise<Session>
  readonly #idle: Session[] = []
  readonly #all = new Set<Session>()

  constructor(open: () => Promise<Session>) {
    this.#open = open
  }

  /** A session for as long as the holder lives; disposing of the holder gives it back, if it can still be used. */
  async hold(): Promise<{ readonly session: Session } & AsyncDisposable> {
    const session = this.#idle.pop() ?? (await this.#opened())
    return { session, [Symbol.asyncDispose]: async () => this.#giveBack(session) }
  }

  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#idle.pop() ?? (await this.#opened())
    try {
      const result = await work(session)
      this.#giveBack(session)
      return result
    } catch (error) {
      this.#all.delete(session)
      session.destroy()
      throw error
    }
  }

  /** Cuts every connection; what runs on them fails. */
  destroy(): void {
    for (const session of this.#all) session.destroy()
    this.#all.clear()
    this.#idle.length = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sessions = [...this.#all]
    this.#all.clear()
    this.#idle.length = 0
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
  }

  #giveBack(session: Session): void {
    if (session.isUsable) this.#idle.push(session)
    else this.#all.delete(session)
  }

  async #opened(): Promise<Session> {
    const session = await this.#open()
    this.#all.add(session)
    return session
  }
}
