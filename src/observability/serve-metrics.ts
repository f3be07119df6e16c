import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MoverError } from '../domain/errors.js'
import type { MoveMetrics } from './metrics.js'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Answers `GET /metrics` until it is disposed. Port 0 takes any free one. OM1009 where it cannot listen there. */
export async function serveMetrics(metrics: MoveMetrics, at: ListenAddress): Promise<ListenAddress & AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end('metrics are at /metrics\n')
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  const port = await listening(server, at)
  // a scraper's open connection must not keep a finished command alive
  server.unref()
  return {
    host: at.host,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function listening(server: Server, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new MoverError({ code: 'OM1009', message: `metrics cannot be served at ${host}:${port} (${error.code ?? error.name}); nothing was begun`, hint: 'name another port with --metrics-port, or use --metrics-file', retry: 'after-fix' })),
    )
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
