import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parametersOf, refusalOf } from './s3-signature.js'
import type { Credentials } from './s3-signature.js'

export interface StoredObject {
  readonly body: Buffer
  /** Content headers and user metadata. */
  readonly headers: Readonly<Record<string, string>>
  readonly at: number
  readonly etag: string
}

/** One request, as a test is told of it before it is answered. */
export interface S3Request {
  readonly operation: string
  readonly key: string
}

const BUCKET = 'files'
/** What S3 lists at most in one page, and deletes in one call. */
const PAGE = 1_000
const KEPT = ['content-type', 'content-encoding', 'content-disposition', 'content-language', 'cache-control']
// eslint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/**
 * One bucket, in memory, as S3 behaves where it matters to a copy: pages of a thousand keys in the order of their bytes, keys of any characters, conditional
 * reads, uploads in parts, and every request turned away whose Signature Version 4 is not right.
 */
export class S3Server implements AsyncDisposable {
  readonly objects = new Map<string, StoredObject>()
  readonly seen: S3Request[] = []
  /** Codes of requests that were turned away. */
  readonly refused: string[] = []
  /** Called before a request is answered; a status is answered instead. */
  before: (request: S3Request) => number | null = () => null
  readonly #uploads = new Map<string, { readonly headers: Readonly<Record<string, string>>; readonly parts: Map<number, Buffer> }>()
  readonly #credentials: Credentials
  #port = 0
  readonly #server = createServer((request, response) => {
    void this.#serve(request, response).catch(() => response.destroy())
  })

  private constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  static async start(credentials: Credentials): Promise<S3Server> {
    const one = new S3Server(credentials)
    await new Promise<void>((resolve) => {
      one.#server.listen(0, '127.0.0.1', resolve)
    })
    one.#port = (one.#server.address() as AddressInfo).port
    return one
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get bucket(): string {
    return BUCKET
  }

  /** Uploads that were begun and neither completed nor given up. */
  get openUploads(): number {
    return this.#uploads.size
  }

  put(key: string, body: Buffer | string, headers: Readonly<Record<string, string>> = {}): void {
    const bytes = Buffer.from(body)
    this.objects.set(key, { body: bytes, headers: { 'content-type': 'binary/octet-stream', ...headers }, at: Date.now(), etag: `"${createHash('md5').update(bytes).digest('hex')}"` })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const parameters = new Map(parametersOf(query))
    const key = path.slice(BUCKET.length + 2).split('/').map(decodeURIComponent).join('/')
    const asked = { operation: operationOf(request.method ?? '', key, parameters), key }
    this.seen.push(asked)
    const refusal = refusalOf(request, body, this.#credentials)
    if (refusal !== null) {
      this.refused.push(refusal)
      return fail(response, 403, refusal)
    }
    if (!path.startsWith(`/${BUCKET}/`) && path !== `/${BUCKET}`) return fail(response, 404, 'NoSuchBucket')
    const status = this.before(asked)
    if (status !== null) return fail(response, status, 'ServiceUnavailable')
    this.#answer(response, asked, { parameters, headers: request.headers, body })
  }

  #answer(response: ServerResponse, { operation, key }: S3Request, { parameters, headers, body }: { readonly parameters: ReadonlyMap<string, string>; readonly headers: IncomingHttpHeaders; readonly body: Buffer }): void {
    const upload = this.#uploads.get(parameters.get('uploadId') ?? '')
    switch (operation) {
      case 'List':
        return xml(response, this.#page(parameters))
      case 'Head':
      case 'Get':
        return this.#read(response, key, { isHead: operation === 'Head', headers })
      case 'Put':
        this.put(key, body, keptOf(headers))
        return void response.writeHead(200, { etag: this.objects.get(key)?.etag }).end()
      case 'Delete':
        this.objects.delete(key)
        return void response.writeHead(204).end()
      case 'DeleteMany':
        return this.#deleteMany(response, headers, body)
      case 'CreateUpload': {
        const id = randomUUID()
        this.#uploads.set(id, { headers: keptOf(headers), parts: new Map() })
        return xml(response, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
      }
      case 'UploadPart':
        if (upload === undefined) return fail(response, 404, 'NoSuchUpload')
        upload.parts.set(Number(parameters.get('partNumber')), body)
        return void response.writeHead(200, { etag: '"part"' }).end()
      case 'AbortUpload':
        this.#uploads.delete(parameters.get('uploadId') ?? '')
        return void response.writeHead(204).end()
      case 'CompleteUpload':
        if (upload === undefined) return fail(response, 404, 'NoSuchUpload')
        this.#uploads.delete(parameters.get('uploadId') ?? '')
        this.put(key, Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part)), upload.headers)
        return xml(response, '<CompleteMultipartUploadResult/>')
      default:
        return fail(response, 405, 'MethodNotAllowed')
    }
  }

  /** Without `encoding-type=url`, keys that XML 1.0 cannot hold make a page that no reader understands, as with S3. */
  #page(parameters: ReadonlyMap<string, string>): string {
    const [prefix, after, isEncoded] = [parameters.get('prefix') ?? '', parameters.get('continuation-token'), parameters.get('encoding-type') === 'url']
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const from = after === undefined ? 0 : keys.indexOf(Buffer.from(after, 'base64url').toString()) + 1
    const shown = keys.slice(from, from + PAGE)
    const more = from + PAGE < keys.length
    const text = (key: string): string => (isEncoded ? encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+') : escaped(key))
    const contents = shown.map((key) => {
      const { body, at, etag } = this.#known(key)
      return `<Contents><Key>${text(key)}</Key><LastModified>${new Date(at).toISOString()}</LastModified><ETag>${escaped(etag)}</ETag><Size>${body.length}</Size></Contents>`
    })
    return `<ListBucketResult>${isEncoded ? '<EncodingType>url</EncodingType>' : ''}<KeyCount>${shown.length}</KeyCount><IsTruncated>${more}</IsTruncated>${contents.join('')}${more ? `<NextContinuationToken>${Buffer.from(shown.at(-1) ?? '').toString('base64url')}</NextContinuationToken>` : ''}</ListBucketResult>`
  }

  #known(key: string): StoredObject {
    const object = this.objects.get(key)
    if (object === undefined) throw new Error('it was listed a moment ago')
    return object
  }

  #read(response: ServerResponse, key: string, { isHead, headers }: { readonly isHead: boolean; readonly headers: IncomingHttpHeaders }): void {
    const object = this.objects.get(key)
    if (object === undefined) return fail(response, 404, 'NoSuchKey', isHead)
    if (headers['if-match'] !== undefined && headers['if-match'] !== object.etag) return fail(response, 412, 'PreconditionFailed', isHead)
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    const body = from === undefined ? object.body : object.body.subarray(Number(from), Number(to) + 1)
    response.writeHead(from === undefined ? 200 : 206, { ...object.headers, etag: object.etag, 'last-modified': new Date(object.at).toUTCString(), 'content-length': body.length })
    response.end(isHead ? undefined : body)
  }

  #deleteMany(response: ServerResponse, headers: IncomingHttpHeaders, body: Buffer): void {
    const text = body.toString('utf8')
    if (NOT_XML.test(text)) return fail(response, 400, 'MalformedXML')
    if (headers['content-md5'] === undefined && !Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-'))) return fail(response, 400, 'InvalidRequest')
    const keys = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => unescaped(key))
    if (keys.length > PAGE) return fail(response, 400, 'MalformedXML')
    const gone = keys.filter((key) => !this.objects.delete(key))
    // other stores than S3 call that an error
    xml(response, `<DeleteResult>${gone.map((key) => `<Error><Key>${escaped(key)}</Key><Code>NoSuchKey</Code></Error>`).join('')}</DeleteResult>`)
  }
}

function operationOf(method: string, key: string, parameters: ReadonlyMap<string, string>): string {
  if (key === '') return parameters.has('delete') ? 'DeleteMany' : 'List'
  if (parameters.has('uploads')) return 'CreateUpload'
  if (parameters.has('uploadId')) return { PUT: 'UploadPart', POST: 'CompleteUpload', DELETE: 'AbortUpload' }[method] ?? method
  return { HEAD: 'Head', GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method] ?? method
}

function keptOf(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.includes(name) || name.startsWith('x-amz-meta-')).map(([name, value]) => [name, String(value)]))
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"\p{Cc}]/gu, (letter) => `&#${letter.codePointAt(0) ?? 0};`)
}

function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex?: string, decimal?: string, name?: string) => (name === undefined ? String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)) : (named[name] ?? '')))
}

function xml(response: ServerResponse, document: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>\n${document}`)
}

function fail(response: ServerResponse, status: number, code: string, isHead = false): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(isHead ? undefined : `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`)
}
