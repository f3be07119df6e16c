import { createServer, connect } from 'node:net'
import type { Server, Socket } from 'node:net'

export interface Link {
  /** What a round trip takes longer, in milliseconds: all of it on the way to the server. */
  readonly roundTripMs: number
  /** Of each connection, each way; null for as fast as the machine is. */
  readonly bytesPerSecond: number | null
}

const BUFFERED_BYTES = 256 * 1024

/** A port before another port, through which every connection is as slow as a link between two sites. */
export class SlowLink implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly port: number

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async before(port: number, link: Link): Promise<SlowLink> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a TCP port was to be listened on')
    const slow = new SlowLink(server, address.port)
    server.on('connection', (client) => {
      const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
      client.setNoDelay(true)
      for (const socket of [client, upstream]) {
        slow.#sockets.add(socket)
        socket.on('error', () => [client, upstream].forEach((one) => one.destroy())).on('close', () => slow.#sockets.delete(socket))
      }
      forward(client, upstream, { ...link, delayMs: link.roundTripMs })
      forward(upstream, client, { ...link, delayMs: 0 })
    })
    return slow
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Each piece is passed on when it would have arrived, in order; a sender is held back while too much is under way, as by a window of TCP. */
function forward(from: Socket, to: Socket, { delayMs, bytesPerSecond }: { readonly delayMs: number; readonly bytesPerSecond: number | null }): void {
  const underWay: { readonly due: number; readonly piece: Buffer | null }[] = []
  let bytes = 0
  let free = 0
  const pump = (): void => {
    for (let next = underWay[0]; next !== undefined; next = underWay[0]) {
      const wait = next.due - performance.now()
      // timers of Node are late by up to a millisecond, never early by design
      if (wait > 0.2) return void setTimeout(pump, wait)
      underWay.shift()
      if (next.piece === null) return void to.end()
      to.write(next.piece)
      bytes -= next.piece.length
    }
    if (bytes <= BUFFERED_BYTES) from.resume()
  }
  const send = (piece: Buffer | null): void => {
    free = Math.max(performance.now(), free) + (bytesPerSecond === null ? 0 : ((piece?.length ?? 0) / bytesPerSecond) * 1000)
    underWay.push({ due: free + delayMs, piece })
    bytes += piece?.length ?? 0
    if (bytes > BUFFERED_BYTES) from.pause()
    if (underWay.length === 1) pump()
  }
  from.on('data', send)
  from.on('end', () => send(null))
}
