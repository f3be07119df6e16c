import { MoverError } from '../../../src/domain/errors.js'
import { lockedByAnother, meaningOf } from './statements.js'
import type { Database, Meaning, Row, Statement } from './statements.js'
import { canWrite, copyOf, TABLES } from './world.js'
import type { World } from './world.js'

/** What happens at the n-th statement of a driver. A process that dies there needs none: the worlds it leaves are those seen on the way. */
export interface Fault {
  readonly at: number
  readonly kind: 'kill' | 'lost before' | 'lost after' | 'interrupt' | 'meanwhile'
  readonly meanwhile?: () => Promise<void> | void
}

/** One process: its sessions, what befalls it, and every world that stood after a commit of its own. */
export class Driver {
  static readonly running = new Map<string, Driver>()
  static #last = 0
  readonly id = String((Driver.#last += 1))
  readonly interrupt = new AbortController()
  readonly sessions = new Set<ModelSession>()
  /** From the fault on, if there is one: the others are those of the run without it. */
  readonly seen: World[] = []
  /** How many worlds had been seen when each statement was sent. */
  readonly seenBefore: number[] = []
  /** Statements that changed something although another driver had taken over. */
  readonly late: string[] = []
  /** Names of the statements, in their order. */
  readonly sent: string[] = []
  /** Which statements changed something. */
  readonly changing = new Set<number>()
  /** Before which statements a client could have written. */
  readonly writable = new Set<number>()
  readonly #died = withResolvers()
  statements = 0
  epoch: number | null = null

  constructor(
    readonly world: World,
    readonly fault: Fault | null,
  ) {
    Driver.running.set(this.id, this)
  }

  get died(): Promise<'killed'> {
    return this.#died.promise
  }

  /** As SIGKILL: nothing of the process runs any more, and its sessions are gone. */
  die(): Promise<never> {
    for (const session of this.sessions) session.destroy()
    this.#died.resolve('killed')
    return new Promise<never>(() => undefined)
  }

  commit(changes: readonly { readonly name: string; readonly change: (world: World) => void }[]): void {
    for (const { name, change } of changes) {
      const { move } = this.world
      if (this.epoch !== null && move !== null && move.epoch > this.epoch) this.late.push(name)
      change(this.world)
    }
    if (changes.length === 0) return
    this.changing.add(this.statements - 1)
    if (this.fault === null || this.statements > this.fault.at) this.seen.push(copyOf(this.world))
  }
}

/** Stands for Session: the same calls, the same order of statements, a world in memory instead of a server. */
export class ModelSession implements AsyncDisposable {
  readonly label: string
  readonly backendPid = 1
  readonly answerTimeoutMs = 1
  readonly client = null
  readonly #driver: Driver
  readonly #database: Database
  #name: string
  #isUsable = true
  #isLost = false
  #transaction: { readonly name: string; readonly change: (world: World) => void }[] | null = null
  #locks = new Set<string>()

  private constructor(driver: Driver, database: Database, name: string) {
    this.#driver = driver
    this.#database = database
    this.#name = name
    this.label = database
    driver.sessions.add(this)
  }

  static async open({ url, applicationName }: { readonly url: string; readonly applicationName: string }): Promise<ModelSession> {
    const [database, id] = url.split('#')
    const driver = Driver.running.get(id ?? '')
    if (driver === undefined) throw new Error(`no driver ${url}`)
    const session = new ModelSession(driver, database as Database, applicationName)
    await session.#sent({ name: 'connect', parts: {}, table: '', params: [] }, async () => ({}))
    return session
  }

  get isUsable(): boolean {
    return this.#isUsable
  }

  async rows(text: string, params: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#run(text, params)).rows ?? []
  }

  async one(text: string, params: readonly unknown[] = []): Promise<Row> {
    const [row, ...others] = await this.rows(text, params)
    if (row === undefined || others.length > 0) throw new Error(`one row expected of ${text}`)
    return row
  }

  async execute(text: string, params: readonly unknown[] = []): Promise<number> {
    return (await this.#run(text, params)).count ?? 0
  }

  async transaction<T>(mode: string, work: () => Promise<T>, end: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<T> {
    await this.execute(`BEGIN ISOLATION LEVEL ${mode}`)
    try {
      const result = await work()
      await this.execute(end)
      return result
    } catch (error) {
      await this.execute('ROLLBACK').catch(() => this.destroy())
      throw error
    }
  }

  /** What is sent in one message arrives whole or not at all. */
  async transactionAtOnce(statements: readonly string[]): Promise<void> {
    const changing = statements.filter((one) => !/^(LOCK|ALTER) TABLE/.test(one)).map((one) => statementOf(one, []))
    await this.#sent(changing[0] ?? statementOf('COMMIT', []), async () => {
      this.#transaction = []
      for (const one of changing) this.#apply(one)
      return this.#apply(statementOf('COMMIT', []))
    })
  }

  /** A server that goes away may have had the first of them only: each is a message here. */
  async transactionsAtOnce(transactions: readonly (readonly string[])[]): Promise<void> {
    for (const statements of transactions) await this.transactionAtOnce(statements)
  }

  async executeAll(statements: readonly string[]): Promise<void> {
    const [first] = statements
    if (first === undefined) return
    if (this.#transaction === null) return this.transactionAtOnce(statements)
    await this.#sent(statementOf(first, []), async () => {
      for (const one of statements) this.#apply(statementOf(one, []))
      return {}
    })
  }

  destroy(): void {
    this.#isUsable = false
    this.#lose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy()
  }

  #run(text: string, params: readonly unknown[]): Promise<Meaning> {
    const statements = text.startsWith('LOCK TABLE') ? text.split(';\n').filter((one) => !/^(LOCK|ALTER) TABLE/.test(one)) : [text.split('\nUNION ALL\n')[0] ?? '']
    return this.#sent(statementOf(statements[0] ?? '', params), async () => {
      let last: Meaning = {}
      for (const one of statements) last = this.#apply(statementOf(one, params))
      return last
    })
  }

  async #sent(statement: Statement, work: () => Promise<Meaning>): Promise<Meaning> {
    const driver = this.#driver
    const fault = driver.fault?.at === driver.statements ? driver.fault : null
    driver.statements += 1
    driver.sent.push(statement.name)
    driver.seenBefore.push(driver.seen.length)
    if (canWrite(driver.world)) driver.writable.add(driver.statements - 1)
    if (fault?.kind === 'kill') await driver.die()
    if (fault?.kind === 'meanwhile') await fault.meanwhile?.()
    if (fault?.kind === 'interrupt') driver.interrupt.abort()
    if (fault?.kind === 'lost before') this.#lose()
    if (this.#isLost) throw lost(statement.name)
    const result = await work()
    if (fault?.kind !== 'lost after') return result
    this.#lose()
    throw lost(statement.name)
  }

  #apply(statement: Statement): Meaning {
    if (statement.name === 'BEGIN') {
      this.#transaction = []
      return {}
    }
    if (statement.name === 'COMMIT' || statement.name === 'ROLLBACK') {
      const changes = this.#transaction ?? []
      this.#end()
      if (statement.name === 'COMMIT') this.#driver.commit(changes)
      return {}
    }
    const meaning = meaningOf(this.#view(), this.#database, statement)
    this.#lockOut(statement, meaning)
    if (meaning.ends !== undefined) this.#endOthers(meaning.ends)
    if (statement.name === 'SELECT set_config') this.#name = String(statement.params[0])
    if (statement.name === 'journal/acquire-lease' && meaning.rows?.[0] !== undefined) this.#driver.epoch = Number(meaning.rows[0]['epoch'])
    if (meaning.change !== undefined) {
      const change = { name: `${statement.name} on ${this.#database}`, change: meaning.change }
      if (this.#transaction === null) this.#driver.commit([change])
      else this.#transaction.push(change)
    }
    return meaning
  }

  /** A transaction sees what it has changed itself. */
  #view(): World {
    if (this.#transaction === null || this.#transaction.length === 0) return this.#driver.world
    const view = copyOf(this.#driver.world)
    for (const { change } of this.#transaction) change(view)
    return view
  }

  /** A guard that is held is not raised meanwhile, and nobody takes a move whose row is locked: the wait ends with OM3003. */
  #lockOut({ name }: Statement, { lock }: Meaning): void {
    if (lock === undefined) return
    const isExclusive = name === 'guard/upsert' || name === 'journal/acquire-lease' || name === 'journal/update-move' || name === 'journal/mark-chunks'
    const others = [...Driver.running.values()].flatMap((driver) => [...driver.sessions]).filter((session) => session !== this && session.#database === this.#database && session.#locks.has(lock))
    if (isExclusive && others.length > 0) throw lockedByAnother()
    if (this.#transaction !== null) this.#locks.add(lock)
  }

  #endOthers({ prefix, except }: { readonly prefix: string; readonly except: string }): void {
    for (const driver of Driver.running.values()) {
      for (const session of driver.sessions) if (session !== this && session.#database === this.#database && session.#name.startsWith(prefix) && session.#name !== except) session.#lose()
    }
  }

  #lose(): void {
    this.#isLost = true
    this.#end()
  }

  #end(): void {
    this.#transaction = null
    this.#locks.clear()
  }
}

const parsed = new Map<string, Omit<Statement, 'params'>>()

function statementOf(text: string, params: readonly unknown[]): Statement {
  const known = parsed.get(text) ?? parse(text)
  parsed.set(text, known)
  return { ...known, params }
}

function parse(text: string): Omit<Statement, 'params'> {
  const file = /^sql:(\S+) (.*)$/s.exec(text)
  if (file !== null) return { name: file[1] ?? '', parts: JSON.parse(file[2] ?? '{}') as Record<string, string>, table: tableIn(text) }
  const [first, ...words] = text.trim().split(/[\s(]+/)
  const name = ['BEGIN', 'COMMIT', 'ROLLBACK', 'ANALYZE'].includes(first ?? '') ? (first ?? '') : text.includes('CREATE SCHEMA') ? 'CREATE SCHEMA' : `${first} ${words[0]}`
  return { name, parts: { text }, table: tableIn(text) }
}

function lost(what: string): MoverError {
  return new MoverError({ code: 'OM3002', message: `connection lost at ${what}`, hint: '', retry: 'safe' })
}

function withResolvers(): { readonly promise: Promise<'killed'>; readonly resolve: (value: 'killed') => void } {
  let resolve: (value: 'killed') => void = () => undefined
  const promise = new Promise<'killed'>((resolved) => (resolve = resolved))
  return { promise, resolve }
}

function tableIn(text: string): string {
  return TABLES.find((table) => text.includes(table)) ?? ''
}
