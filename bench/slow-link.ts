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

/** Each piece is passed on when it would have arrived; a sender is held back while too much is under way, as by a window of TCP. */
function forward(from: Socket, to: Socket, { delayMs, bytesPerSecond }: { readonly delayMs: number; readonly bytesPerSecond: number | null }): void {
  let free = 0
  let underWay = 0
  const later = (due: number, work: () => void): void => {
    const wait = due - performance.now()
    if (wait <= 0) work()
    else setTimeout(work, wait)
  }
  from.on('data', (piece: Buffer) => {
    const begins = Math.max(performance.now(), free)
    free = begins + (bytesPerSecond === null ? 0 : (piece.length / bytesPerSecond) * 1000)
    underWay += piece.length
    if (underWay > BUFFERED_BYTES) from.pause()
    later(free + delayMs, () => {
      to.write(piece)
      underWay -= piece.length
      if (underWay <= BUFFERED_BYTES) from.resume()
    })
  })
  from.on('end', () => later(free + delayMs, () => to.end()))
}
