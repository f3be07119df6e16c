import { request as requestHttp } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Callee } from '../config/settings.js'
import { CallFailure, MOST_BYTES, tooLong } from './call-failure.js'

/** Statuses after which the same request may go well. */
const TRANSIENT = new Set([408, 425, 429])

interface HttpCall {
  readonly timeoutMs: number
  readonly idempotencyKey: string | null
  readonly signal: AbortSignal
}

/** One POST. A redirection is a failure: what must happen once is not sent on to another place. No limit on time but the caller's. */
export async function callHttp(callee: Extract<Callee, { kind: 'http' }>, call: HttpCall, body: string): Promise<string> {
  const timeout = AbortSignal.timeout(call.timeoutMs)
  try {
    const response = await post(callee, call, body, AbortSignal.any([call.signal, timeout]))
    const text = await bodyOf(response)
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return text
    throw new CallFailure('status', `it answered with HTTP status ${status}`, { isTransient: status >= 500 || TRANSIENT.has(status), output: text.slice(0, 2_000) })
  } catch (error) {
    if (error instanceof CallFailure) throw error
    if (timeout.aborted) throw new CallFailure('timeout', `it did not answer within ${call.timeoutMs} ms`, { isTransient: true })
    // codes only: messages of the network name addresses
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : null
    throw new CallFailure('connection', `the connection failed${typeof code === 'string' ? ` (${code})` : ''}`, { isTransient: true })
  }
}

function post({ url, headers }: Extract<Callee, { kind: 'http' }>, { idempotencyKey }: HttpCall, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: 'POST',
      agent: false,
      signal,
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(body), ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }) },
    })
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw tooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
