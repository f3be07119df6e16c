import { Client } from 'pg'
import type { QueryResultRow } from 'pg'
import QueryStream from 'pg-query-stream'
import { MoverError } from '../domain/errors.js'
import { classify } from './errors.js'
import { pinSettings } from './pinned-settings.js'
import type { SettingsOptions } from './pinned-settings.js'
import { refusePooler } from './pooler-probe.js'
import { isBackendWorking } from './server-progress.js'
import { watchSilence } from './silence-watch.js'

export interface SessionOptions extends SettingsOptions {
  readonly url: string
  /** What messages call this server: `cell-a/main`, `control`. Never an address. */
  readonly label: string
  readonly applicationName: string
  /** How long an answer is waited for from a server that is not at work on it: a half-open connection never ends by itself. Default: a minute. */
  readonly answerTimeoutMs?: number
}

const STATEMENTS_PER_MESSAGE = 50
const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 60_000
/** A farewell is a courtesy. */
const GOODBYE_MS = 1_000

/**
 * One connection with pinned settings, read back after they were set. Errors come out classified. A session whose stream
 * broke is destroyed, never used again (a failed COPY leaves the peer stuck).
 */
export class Session implements AsyncDisposable {
  readonly label: string
  readonly backendPid: number
  readonly #client: Client
  readonly #options: SessionOptions
  #destroyed = false
  /** Statements of one session run one after the other, in the order of their calls. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(client: Client, options: SessionOptions, backendPid: number) {
    this.#client = client
    this.#options = options
    this.label = options.label
    this.backendPid = backendPid
  }

  static async open(options: SessionOptions): Promise<Session> {
    const timeoutMs = Math.min(CONNECT_TIMEOUT_MS, options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS)
    const client = new Client({
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: timeoutMs,
      keepAlive: true,
    })
    // without a listener a server that goes away between two statements would end the process
    client.on('error', () => undefined)
    const late = setTimeout(() => cutSocket(client), 2 * timeoutMs)
    try {
      await client.connect()
      await refusePooler(client, { url: options.url, timeoutMs })
      const pid = await pinSettings(client, options)
      return new Session(client, options, pid)
    } catch (error) {
      cutSocket(client)
      throw classify(error, options.label)
    } finally {
      clearTimeout(late)
    }
  }

  /** For COPY and cursors only. */
  get client(): Client {
    return this.#client
  }

  get isUsable(): boolean {
    return !this.#destroyed
  }

  get answerTimeoutMs(): number {
    return this.#options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
  }

  /** Whether the server works on a statement of this session, as it says itself over another connection. Never throws. */
  async isServerWorking(): Promise<boolean> {
    return isBackendWorking({ url: this.#options.url, backendPid: this.backendPid, timeoutMs: Math.min(CONNECT_TIMEOUT_MS, this.answerTimeoutMs) })
  }

  async rows<Row extends QueryResultRow>(text: string, params: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await this.#inTurn(() => this.#client.query<Row>(text, [...params]))).rows
    } catch (error) {
      throw classify(error, this.label)
    }
  }

  /** Rows one by one, for results that should not be held at once. Nothing else may run on the session until the end. */
  async *stream<Row extends QueryResultRow>(text: string): AsyncGenerator<Row> {
    await this.#last.catch(() => undefined)
    const stream = this.#client.query(new QueryStream(text, [], { batchSize: 1_000 }))
    const rows: AsyncIterator<Row> = stream[Symbol.asyncIterator]()
    try {
      for (let next = await this.#answer(() => rows.next()); next.done !== true; next = await this.#answer(() => rows.next())) yield next.value
    } catch (error) {
      throw classify(error, this.label)
    } finally {
      stream.destroy()
    }
  }

  /** Exactly one row, else an internal error. */
  async one<Row extends QueryResultRow>(text: string, params: readonly unknown[] = []): Promise<Row> {
    const rows = await this.rows<Row>(text, params)
    const [row] = rows
    if (row === undefined || rows.length > 1) throw new MoverError({ code: 'OM9001', message: `${this.label}: a statement that yields one row yielded ${rows.length}`, hint: 'this is a bug in org-mover', retry: 'never' })
    return row
  }

  /** Number of rows that the statement changed (of the last one, where the text holds several). */
  async execute(text: string, params?: readonly unknown[]): Promise<number> {
    try {
      const result: unknown = await this.#inTurn(() => (params === undefined ? this.#client.query(text) : this.#client.query(text, [...params])))
      const last: unknown = Array.isArray(result) ? result.at(-1) : result
      const count: unknown = typeof last === 'object' && last !== null ? Reflect.get(last, 'rowCount') : 0
      return typeof count === 'number' ? count : 0
    } catch (error) {
      throw classify(error, this.label)
    }
  }

  /**
   * Runs `work` in one transaction: COMMIT when it resolves, ROLLBACK when it throws (a failing ROLLBACK destroys the session
   * and does not hide the first error). `mode` is spelled out at every call: isolation and access decide what a reader may assume. With `end` ROLLBACK
   * nothing of it stays, though `work` resolved.
   */
  async transaction<T>(mode: 'READ COMMITTED' | 'REPEATABLE READ' | 'REPEATABLE READ READ ONLY' | 'READ COMMITTED READ ONLY', work: () => Promise<T>, end: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<T> {
    await this.execute(`BEGIN ISOLATION LEVEL ${mode.replace(' READ ONLY', ', READ ONLY')}`)
    try {
      const result = await work()
      await this.execute(end)
      return result
    } catch (error) {
      await this.execute('ROLLBACK').catch(() => this.destroy())
      throw error
    }
  }

  /** One transaction that needs no answer in between, in one message: its locks are not held for a round trip a statement. */
  async transactionAtOnce(statements: readonly string[]): Promise<void> {
    await this.transactionsAtOnce([statements])
  }

  /**
   * Transactions one after the other, in one message: the first that fails is rolled back, and those behind it do not run. All are
   * durable when it resolves: only the last waits for the disk (and a synchronous standby), which has what was written before it then.
   */
  async transactionsAtOnce(transactions: readonly (readonly string[])[]): Promise<void> {
    const last = transactions.length - 1
    try {
      await this.execute(transactions.map((statements, n) => ['BEGIN ISOLATION LEVEL READ COMMITTED', ...(n < last ? ['SET LOCAL synchronous_commit = off'] : []), ...statements, 'COMMIT'].join(';\n')).join(';\n'))
    } catch (error) {
      await this.execute('ROLLBACK').catch(() => this.destroy())
      throw error
    }
  }

  /** Statements in order, many in a message: outside of a transaction each message is one of its own. */
  async executeAll(statements: readonly string[]): Promise<void> {
    for (let start = 0; start < statements.length; start += STATEMENTS_PER_MESSAGE) await this.execute(statements.slice(start, start + STATEMENTS_PER_MESSAGE).join(';\n'))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const watched = (): Promise<T> => this.#answer(work)
    const turn = this.#last.then(watched, watched)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Waits for an answer, but not for one that the server is not at work on. */
  async #answer<T>(work: () => Promise<T>): Promise<T> {
    const watch = watchSilence({ timeoutMs: this.answerTimeoutMs, seen: () => receivedBytes(this.#client), isWorking: () => this.isServerWorking(), cut: () => this.destroy() })
    try {
      return await work()
    } catch (error) {
      throw watch.hasCut ? unanswered(this.label, this.answerTimeoutMs, error) : error
    } finally {
      watch.stop()
    }
  }

  /** Cuts the socket at once: the only thing that ends a COPY into a frozen backend. Idempotent. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    cutSocket(this.#client)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    const late = setTimeout(() => cutSocket(this.#client), GOODBYE_MS)
    await this.#client.end().catch(() => undefined)
    clearTimeout(late)
  }
}

function socketOf(client: Client): object | null {
  const connection: unknown = Reflect.get(client, 'connection')
  const stream: unknown = typeof connection === 'object' && connection !== null ? Reflect.get(connection, 'stream') : null
  return typeof stream === 'object' ? stream : null
}

function receivedBytes(client: Client): number {
  const socket = socketOf(client)
  const bytes: unknown = socket === null ? 0 : Reflect.get(socket, 'bytesRead')
  return typeof bytes === 'number' ? bytes : 0
}

function cutSocket(client: Client): void {
  const socket = socketOf(client)
  if (socket !== null && 'destroy' in socket && typeof socket.destroy === 'function') socket.destroy()
}

function unanswered(label: string, timeoutMs: number, cause: unknown): MoverError {
  return new MoverError({
    code: 'OM3002',
    message: `${label}: no answer for ${timeoutMs} ms from a server that is not at work on it: the connection is half open, and was cut`,
    hint: 'run `org-mover resume` (or the same command) again; what was committed is in the ledger',
    retry: 'safe',
    cause,
  })
}
