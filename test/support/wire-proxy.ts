import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cancelRequest, CANCEL_REQUEST, GSS_REQUEST, message, MessageReader, SSL_REQUEST, text } from './wire-messages.js'
import type { WireMessage } from './wire-messages.js'

/**
 * What happens at a statement.
 *   before: the connection is cut, and the server never sees the statement
 *   after:  the server has run it, and the connection is cut before the answer is passed on: the outcome is unknown
 *   cancel: the server cancels it
 *   freeze: nothing is passed on any more, in either direction, and both ends believe that the connection stands
 *
 * Beside them, for what happens elsewhere meanwhile:
 *   pause:  it reaches the server late, once `meanwhile` is done
 */
export const FAULTS = ['before', 'after', 'cancel', 'freeze'] as const
export type FaultKind = (typeof FAULTS)[number]

export interface Fault {
  readonly kind: FaultKind | 'pause'
  /** Begun as it happens: where a connection is cut, right before that. */
  readonly meanwhile?: () => Promise<void> | void
  /** Hits where it yields true; at most once. */
  readonly hits: (statement: Statement) => boolean
}

export interface Statement {
  /** Over all connections since the last `reset`, from 1. A connection's start counts as one, and so does the end of a COPY from the client. */
  readonly n: number
  /** Of this connection, from 1. */
  readonly nOfConnection: number
  readonly text: string
}

const START = '(connect)'
const COPY_DONE = '(copy done)'

/** Answers after which the server waits for its client again. */
const LAST_ANSWERS = new Set(['Z', 'G', 's'])
const CANCEL_AGAIN_MS = 5
/** Yields no row, so that nothing precedes the error. */
const SLEEP = message('Q', text('DO $$ BEGIN PERFORM pg_sleep(60); END $$'))

/**
 * Stands between a client and a server, counts the client's statements, and does harm at one of them. Speaks as much of the
 * protocol as that needs: start (TLS is declined), simple and extended queries, COPY. Listens on a port of its own.
 */
export class WireProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #links = new Set<Link>()
  #fault: Fault | null = null
  #count = 0
  #hit: Statement | null = null
  #last = ''
  /** Connections are refused while it is true, as where a server is down. */
  isDown = false

  private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    this.#server = server
    this.#target = target
    server.on('connection', (socket) => {
      if (this.isDown) socket.destroy()
      else this.#links.add(new Link(this, socket, this.#target))
    })
  }

  static async start(url: string): Promise<WireProxy> {
    const { hostname, port } = new URL(url)
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return new WireProxy(server, { host: hostname, port: Number(port) })
  }

  /** The same connection string, by way of this proxy. */
  through(url: string): string {
    const changed = new URL(url)
    changed.hostname = '127.0.0.1'
    const address = this.#server.address() as AddressInfo
    changed.port = String(address.port)
    return changed.href
  }

  /** Counts from the beginning, with that fault ahead or none. Frozen connections stay frozen. */
  reset(fault: Fault | null = null): void {
    this.#fault = fault
    this.#count = 0
    this.#hit = null
  }

  /** The statement at which the fault happened; null as long as it has not. */
  get hit(): Statement | null {
    return this.#hit
  }

  get statements(): number {
    return this.#count
  }

  /** The last statement that was met. */
  get last(): string {
    return this.#last
  }

  /** Counts a statement; yields what is to happen at it. */
  meet(nOfConnection: number, statement: string): Fault | null {
    this.#count += 1
    this.#last = statement
    const fault = this.#fault
    const here = { n: this.#count, nOfConnection, text: statement }
    if (fault === null || !fault.hits(here)) return null
    this.#fault = null
    this.#hit = here
    return fault
  }

  forget(link: Link): void {
    this.#links.delete(link)
  }

  /** Ends every connection, frozen ones too, on both sides. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

/** One connection of a client and its counterpart to the server. */
class Link {
  readonly #proxy: WireProxy
  readonly #client: Socket
  readonly #server: Socket
  readonly #target: { readonly host: string; readonly port: number }
  readonly #fromClient = new MessageReader({ hasType: false })
  readonly #fromServer = new MessageReader({ hasType: true })
  #isStarted = false
  #isFrozen = false
  #statements = 0
  /** For a cancel request: process id and secret. */
  #key: Buffer | null = null
  /** Held back until a statement that is to be cancelled has come whole. */
  #cancelling = false
  /** Whether what the server sends next is the answer that gets lost. */
  #losing: Fault | null = null
  #isSleeping = false
  #isFlushed = false
  /** After a cancelled statement that ended with a Flush the client asks for the end itself. */
  #dropReady = false
  #work: Promise<void> = Promise.resolve()

  constructor(proxy: WireProxy, client: Socket, target: { readonly host: string; readonly port: number }) {
    this.#proxy = proxy
    this.#client = client
    this.#target = target
    this.#server = connect(target)
    for (const socket of [this.#client, this.#server]) {
      socket.on('error', () => undefined)
      socket.setNoDelay(true)
      socket.on('close', () => {
        // the other end of a half-open connection hears nothing
        if (!this.#isFrozen) this.cut()
      })
    }
    this.#client.on('data', (data: Buffer) => {
      this.#work = this.#work.then(() => this.#clientSent(data))
    })
    this.#server.on('data', (data: Buffer) => this.#serverSent(data))
  }

  cut(): void {
    this.#proxy.forget(this)
    this.#client.destroy()
    this.#server.destroy()
  }

  async #clientSent(data: Buffer): Promise<void> {
    for (const part of this.#fromClient.read(data)) {
      if (this.#isFrozen) return
      if (!this.#isStarted) await this.#start(part)
      else if (this.#cancelling) await this.#instead(part)
      else await this.#pass(part)
    }
  }

  async #start(part: WireMessage): Promise<void> {
    const code = part.body.readInt32BE(0)
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#client.write('N')
      return
    }
    this.#isStarted = true
    this.#fromClient.expectTypes()
    if (code === CANCEL_REQUEST) this.#server.write(part.bytes)
    else await this.#meet(START, part)
  }

  async #pass(part: WireMessage): Promise<void> {
    this.#isFlushed = part.type === 'H'
    if (part.type === 'Q') return this.#meetStatement(part.body.subarray(0, -1).toString(), part)
    if (part.type === 'P') return this.#meetStatement(part.body.subarray(part.body.indexOf(0) + 1).toString().split('\0')[0] ?? '', part)
    if (part.type === 'c') return this.#meetStatement(COPY_DONE, part)
    this.#server.write(part.bytes)
  }

  async #meetStatement(statement: string, part: WireMessage): Promise<void> {
    if (!(await this.#meet(statement, part))) return
    // a server that waits for data, or commits, is told first and hears of it with what comes next
    if (part.type === 'c' || statement.startsWith('COMMIT')) {
      await this.#cancel()
      this.#server.write(part.bytes)
      return
    }
    this.#cancelling = true
    await this.#instead(part)
  }

  /** Counts, and does what can be done at once. True where the statement is to be cancelled, which is left to the caller. */
  async #meet(statement: string, part: WireMessage): Promise<boolean> {
    this.#statements += 1
    const fault = this.#proxy.meet(this.#statements, statement)
    if (fault?.kind === 'cancel' && statement !== START) return true
    if (fault?.kind === 'freeze') {
      this.#isFrozen = true
      return false
    }
    if (fault?.kind === 'before') {
      void fault.meanwhile?.()
      this.cut()
      return false
    }
    if (fault?.kind === 'pause') await fault.meanwhile?.()
    if (fault?.kind === 'after') this.#losing = fault
    this.#server.write(part.bytes)
    return false
  }

  /** A short statement would be over before a cancel request reached it: one that waits runs in its place. */
  async #instead(part: WireMessage): Promise<void> {
    if (!['Q', 'S', 'H'].includes(part.type)) return
    this.#cancelling = false
    this.#dropReady = part.type === 'H'
    this.#isSleeping = true
    this.#server.write(SLEEP)
    // a request that comes before the statement has begun is ignored
    while (this.#isSleeping && !this.#server.destroyed) {
      await this.#cancel()
      await sleep(CANCEL_AGAIN_MS)
    }
  }

  async #cancel(): Promise<void> {
    const key = this.#key
    if (key === null) return
    // the server closes the connection once it has sent the signal
    await new Promise<void>((resolve) => {
      const socket = connect(this.#target, () => socket.write(cancelRequest(key)))
      socket.on('error', () => resolve())
      socket.on('close', () => resolve())
      socket.resume()
    })
  }

  #serverSent(data: Buffer): void {
    for (const part of this.#fromServer.read(data)) {
      if (part.type === 'K') this.#key = Buffer.from(part.body)
      if (part.type === 'E') this.#isSleeping = false
      if (this.#isFrozen) continue
      if (this.#losing !== null) {
        // the answer is complete when the server waits for its client; a COPY out may go on for long
        if (LAST_ANSWERS.has(part.type) || part.type === 'H' || (this.#isFlushed && ['T', 'n', 'C'].includes(part.type))) {
          void this.#losing.meanwhile?.()
          return this.cut()
        }
        // passwords are asked for on the way
        if (part.type === 'R') this.#client.write(part.bytes)
        continue
      }
      if (this.#dropReady && part.type === 'Z') {
        this.#dropReady = false
        continue
      }
      this.#client.write(part.bytes)
    }
  }
}
