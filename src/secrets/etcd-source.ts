import { z } from 'zod'
import { KeySourceError } from './key-source.js'
import type { KeySource } from './key-source.js'

export interface EtcdOptions {
  /** http(s)://host:port */
  readonly url: string
  readonly user: () => Promise<string | null>
  readonly password: () => Promise<string | null>
}

const TIMEOUT_MS = 10_000
const range = z.object({ kvs: z.array(z.object({ value: z.base64() })).optional() })
const token = z.object({ token: z.string() })

/** Keys out of etcd, by its v3 API over JSON (`/v3/kv/range`, `/v3/auth/authenticate`; etcd 3.4 and newer). */
export function etcdSource({ url, user, password }: EtcdOptions): KeySource {
  const call = async (path: string, body: unknown, authorization: string | null): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) }
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null)
    if (response === null) throw new KeySourceError('the key service cannot be reached')
    if (!response.ok) throw new KeySourceError(`the key service answered with status ${response.status}`)
    return response.json()
  }
  return async (reference) => {
    const name = await user()
    const authorization = name === null ? null : token.parse(await call('/v3/auth/authenticate', { name, password: (await password()) ?? '' }, null)).token
    const { kvs } = range.parse(await call('/v3/kv/range', { key: Buffer.from(reference).toString('base64') }, authorization))
    const value = kvs?.[0]?.value
    if (value === undefined) throw new KeySourceError(`the key service has no key ${reference}`)
    return Buffer.from(value, 'base64').toString('utf8').trim()
  }
}
