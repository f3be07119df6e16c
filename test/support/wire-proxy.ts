import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { Link } from './wire-link.js'
import type { Address, Fault, Statement } from './wire-link.js'

/**
 * Stands between a client and a server, counts the client's statements, and does harm at one of them. Speaks as much of the
 * protocol as that needs: start (TLS is declined), simple and extended queries, COPY. Listens on a port of its own.
 */
export class WireProxy implements AsyncDisposable {
  readonly #server: Server
  #target: Address
  readonly #links = new Set<Link>()
  #fault: Fault | null = null
  #count = 0
  #hit: Statement | null = null
  #last = ''
  /** Connections are refused while it is true, as where a server is down. */
  isDown = false

  private constructor(server: Server, target: Address) {
    this.#server = server
    this.#target = target
    server.on('connection', (socket) => {
      if (this.isDown) socket.destroy()
      else this.#links.add(new Link(this, socket, this.#target))
    })
  }

  static async start(url: string): Promise<WireProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return new WireProxy(server, addressOf(url))
  }

  /** New connections lead there, as after a failover; those that stand are cut. */
  redirect(url: string): void {
    this.#target = addressOf(url)
    this.cut()
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

function addressOf(url: string): Address {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
