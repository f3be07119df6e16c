import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

/** What befalls one answer. `before`: the work is not done; `after`: it is, and the answer is not what it should be. */
export type Fault = 'silent before' | 'silent after' | 'cut before' | 'cut after' | 'status before' | 'status after' | 'bad JSON after' | 'nothing after' | 'wrong verb after' | 'no object after' | 'too long after' | 'busy before'

export interface Request {
  readonly verb: string
  readonly body: Readonly<Record<string, unknown>>
  readonly key: string
  /** Of a command: its variables. */
  readonly variables: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
}

type Answer = Readonly<Record<string, unknown>> | string

/** A service of an operator's own, in the test's process: what it does is `work`, and what goes wrong is said by `fault`. */
export class OutsideService implements AsyncDisposable {
  readonly seen: Request[] = []
  /** For what the commands of a call print beside their answer. */
  stderr: string | null = null
  fault: (request: Request) => Fault | null = () => null
  readonly #server
  readonly #held: (() => void)[] = []

  private constructor(work: (request: Request) => Promise<Answer> | Answer) {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response, work).catch(() => response.destroy())
    })
  }

  static async start(work: (request: Request) => Promise<Answer> | Answer): Promise<OutsideService> {
    const service = new OutsideService(work)
    await new Promise<void>((resolve) => {
      service.#server.listen(0, '127.0.0.1', resolve)
    })
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** A command that does what the service does. */
  get command(): readonly string[] {
    return [process.execPath, fileURLToPath(new URL('forward.mjs', import.meta.url)), this.url]
  }

  verbs(): readonly string[] {
    return this.seen.map(({ verb }) => verb)
  }

  /** One fault, at the first question with that verb. */
  failOnce(verb: string, fault: Fault): void {
    let isOver = false
    this.fault = (request) => {
      if (isOver || request.verb !== verb) return null
      isOver = true
      return fault
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const release of this.#held) release()
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse, work: (request: Request) => Promise<Answer> | Answer): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const body: Record<string, unknown> = JSON.parse(Buffer.concat(chunks).toString())
    const header = (name: string): string => String(incoming.headers[name] ?? '')
    const request = { verb: String(body['verb'] ?? body['moment']), body, key: header('idempotency-key'), headers: incoming.headers, variables: JSON.parse(header('x-variables') === '' ? '{}' : header('x-variables')) }
    this.seen.push(request)
    const fault = this.fault(request)
    const answer = fault?.endsWith('before') === true ? null : await work(request)
    if (this.stderr !== null) response.setHeader('x-stderr', this.stderr)
    this.#answer(response, fault, { request, answer })
  }

  #answer(response: ServerResponse, fault: Fault | null, { request, answer }: { readonly request: Request; readonly answer: Answer | null }): void {
    switch (fault?.replace(/ (before|after)$/, '')) {
      case 'silent':
        // until the caller goes away, or the test ends
        this.#held.push(() => response.destroy())
        return
      case 'cut':
        response.destroy()
        return
      case 'status':
        response.writeHead(418).end('{}')
        return
      case 'busy':
        response.setHeader('x-exit', '75')
        response.writeHead(503).end()
        return
      case 'bad JSON':
        response.end('ok')
        return
      case 'nothing':
        response.end()
        return
      case 'no object':
        response.end('[true]')
        return
      case 'too long':
        response.end(JSON.stringify({ verb: request.verb, ok: true, padding: 'x'.repeat(2 ** 20) }))
        return
      case 'wrong verb':
        response.end(JSON.stringify({ ok: true, ...(typeof answer === 'object' ? answer : {}), verb: 'another' }))
        return
      default:
        response.end(typeof answer === 'string' ? answer : JSON.stringify({ verb: request.verb, ok: true, ...answer }))
    }
  }
}
