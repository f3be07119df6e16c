import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A search index as examples/participants/rebuild-search.mjs asks for one: documents by organization. */
export class SearchServer implements AsyncDisposable {
  readonly documents = new Map<string, Map<string, string | null>>()
  readonly asked: string[] = []
  /** Statuses of the next answers, whatever was asked. */
  readonly answers: number[] = []
  /** Documents that it says it took, and did not. */
  readonly loses = new Set<string>()
  readonly #server = createServer((request, response) => {
    void this.#serve(request, response).catch(() => response.destroy())
  })

  static async start(): Promise<SearchServer> {
    const one = new SearchServer()
    await new Promise<void>((resolve) => {
      one.#server.listen(0, '127.0.0.1', resolve)
    })
    return one
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  put(org: string, documents: Readonly<Record<string, string | null>>): void {
    const all = this.documents.get(org) ?? new Map<string, string | null>()
    for (const [id, text] of Object.entries(documents)) if (!this.loses.has(id)) all.set(id, text)
    this.documents.set(org, all)
  }

  of(org: string): Readonly<Record<string, string | null>> {
    return Object.fromEntries(this.documents.get(org) ?? [])
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const [, , org = '', what = ''] = (request.url ?? '').split('/').map(decodeURIComponent)
    this.asked.push(`${request.method ?? ''} ${org}/${what}`)
    const answer = (status: number, document: unknown = {}): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    const planned = this.answers.shift()
    if (planned !== undefined) return answer(planned)
    if (request.method === 'PUT' && what === 'documents') {
      const sent = JSON.parse(Buffer.concat(chunks).toString('utf8')) as readonly { readonly id: string; readonly text: string | null }[]
      this.put(org, Object.fromEntries(sent.map(({ id, text }) => [id, text])))
      return answer(200)
    }
    const known = this.documents.get(org)
    if (known === undefined) return answer(404)
    if (request.method === 'GET' && what === 'count') return answer(200, { documents: known.size })
    if (request.method === 'DELETE' && what === '') this.documents.delete(org)
    return answer(200)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}
