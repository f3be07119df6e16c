import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Client } from 'pg'
import { GSS_REQUEST, message, MessageReader, SSL_REQUEST, text } from './wire-messages.js'
import type { WireMessage } from './wire-messages.js'

/** A connection to the server that is passed from client to client. */
interface Backend {
  readonly socket: Socket
  readonly reader: MessageReader
  readonly end: () => Promise<void>
  serves: Socket | null
}

const BACKENDS = 3

/**
 * A pooler in transaction mode, as much of one as a test needs: whoever sends a statement gets the server connection that was given back last, and keeps it until the
 * server is outside of a transaction again. Nothing is reset in between. Dispose it.
 */
export async function transactionPooler(url: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const idle = await Promise.all(Array.from({ length: BACKENDS }, () => openBackend(url)))
  const all = [...idle]
  for (const backend of all) {
    backend.socket.on('data', (data: Buffer) => {
      for (const part of backend.reader.read(data)) {
        backend.serves?.write(part.bytes)
        if (part.type !== 'Z' || part.body.toString() !== 'I') continue
        backend.serves = null
        idle.push(backend)
      }
    })
  }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => undefined)
    const reader = new MessageReader({ hasType: false })
    client.on('data', (data: Buffer) => {
      for (const part of reader.read(data)) {
        if (part.type === '') welcome(client, reader, part)
        else if (part.type !== 'X') forward(client, part)
      }
    })
  })
  const forward = (client: Socket, part: WireMessage): void => {
    const backend = all.find(({ serves }) => serves === client) ?? idle.pop()
    if (backend === undefined) throw new Error('every server connection is in use')
    backend.serves = client
    backend.socket.write(part.bytes)
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  const address = server.address() as AddressInfo
  changed.port = String(address.port)
  return {
    url: changed.href,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(all.map((backend) => backend.end()))
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

/** Logged in by the library; what comes and goes afterwards is passed on as it is. */
async function openBackend(url: string): Promise<Backend> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  const connection: unknown = Reflect.get(client, 'connection')
  const socket = Reflect.get(Object(connection), 'stream') as Socket
  socket.removeAllListeners('data')
  return {
    socket,
    reader: new MessageReader({ hasType: true }),
    end: async () => {
      socket.destroy()
    },
    serves: null,
  }
}

/** Lets everybody in, as the server would. */
function welcome(client: Socket, reader: MessageReader, { body }: WireMessage): void {
  const code = body.readInt32BE(0)
  if (code === SSL_REQUEST || code === GSS_REQUEST) {
    client.write('N')
    return
  }
  reader.expectTypes()
  client.write(Buffer.concat([message('R', Buffer.alloc(4)), message('S', Buffer.concat([text('client_encoding'), text('UTF8')])), message('K', Buffer.alloc(8)), message('Z', Buffer.from('I'))]))
}
