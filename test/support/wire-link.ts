import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cancelRequest, CANCEL_REQUEST, GSS_REQUEST, message, MessageReader, SSL_REQUEST, text } from './wire-messages.js'
import type { WireMessage } from './wire-messages.js'

/**
 * What happens at a statement.
 *   before: the connection is cut, and the server never sees the statement
 *   after:  the server has run it, and the connection is cut before the answer is passed on: the outcome is unknown
 *   cancel: the server cancels it
 *   timeout: the server ends it, as its statement_timeout has passed
 *   freeze: nothing is passed on any more, in either direction, and both ends believe that the connection stands
 *
 * Beside them, for what happens elsewhere meanwhile:
 *   pause:  it reaches the server late, once `meanwhile` is done
 */
export const FAULTS = ['before', 'after', 'cancel', 'timeout', 'freeze'] as const
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

/** Where a proxy leads to. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What a connection tells the proxy that it belongs to. */
interface Owner {
  /** Counts a statement; yields what is to happen at it. */
  meet(nOfConnection: number, statement: string): Fault | null
  forget(link: Link): void
}

const START = '(connect)'
const COPY_DONE = '(copy done)'

/** Answers after which the server waits for its client again. */
const LAST_ANSWERS = new Set(['Z', 'G', 's'])
const CANCEL_AGAIN_MS = 5
/** Yields no row, so that nothing precedes the error. */
const SLEEP = 'DO $$ BEGIN PERFORM pg_sleep(60); END $$'
/** The limit is a setting of the transaction that fails by it, and goes with it. */
const SLEEP_TOO_LONG = `SET statement_timeout = '1ms'; ${SLEEP}`

/** One connection of a client and its counterpart to the server. */
export class Link {
  readonly #proxy: Owner
  readonly #client: Socket
  readonly #server: Socket
  readonly #target: Address
  readonly #fromClient = new MessageReader({ hasType: false })
  readonly #fromServer = new MessageReader({ hasType: true })
  #isStarted = false
  #isFrozen = false
  #statements = 0
  /** For a cancel request: process id and secret. */
  #key: Buffer | null = null
  /** What ends a statement that is held back until it has come whole. */
  #ending: 'cancel' | 'timeout' | null = null
  /** Whether what the server sends next is the answer that gets lost. */
  #losing: Fault | null = null
  #isSleeping = false
  #isFlushed = false
  /** After a cancelled statement that ended with a Flush the client asks for the end itself. */
  #dropReady = false
  #work: Promise<void> = Promise.resolve()

  constructor(proxy: Owner, client: Socket, target: Address) {
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
      else if (this.#ending !== null) await this.#instead(part)
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
    const ending = await this.#meet(statement, part)
    if (ending === null) return
    // a server that waits for data takes no statement in its place; one that commits is told first, and hears of it with what comes next
    if (part.type === 'c' || (ending === 'cancel' && statement.startsWith('COMMIT'))) {
      await this.#cancel()
      this.#server.write(part.bytes)
      return
    }
    this.#ending = ending
    await this.#instead(part)
  }

  /** Counts, and does what can be done at once. Yields what is to end the statement, which is left to the caller. */
  async #meet(statement: string, part: WireMessage): Promise<'cancel' | 'timeout' | null> {
    this.#statements += 1
    const fault = this.#proxy.meet(this.#statements, statement)
    if ((fault?.kind === 'cancel' || fault?.kind === 'timeout') && statement !== START) return fault.kind
    if (fault?.kind === 'freeze') {
      this.#isFrozen = true
      return null
    }
    if (fault?.kind === 'before') {
      void fault.meanwhile?.()
      this.cut()
      return null
    }
    if (fault?.kind === 'pause') await fault.meanwhile?.()
    if (fault?.kind === 'after') this.#losing = fault
    this.#server.write(part.bytes)
    return null
  }

  /** A short statement would be over before a cancel request reached it: one that waits runs in its place. */
  async #instead(part: WireMessage): Promise<void> {
    if (!['Q', 'S', 'H'].includes(part.type)) return
    const isCancelled = this.#ending === 'cancel'
    this.#ending = null
    this.#dropReady = part.type === 'H'
    this.#isSleeping = true
    this.#server.write(message('Q', text(isCancelled ? SLEEP : SLEEP_TOO_LONG)))
    // a request that comes before the statement has begun is ignored
    while (this.#isSleeping && !this.#server.destroyed) {
      if (isCancelled) await this.#cancel()
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
      // of what runs in its place the client sees the error alone
      if (this.#isSleeping) continue
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
