import { pbkdf2Sync } from 'node:crypto'
import { z } from 'zod'
import { CodecError } from '../codec.js'
import { codecOptions } from './codec-options.js'
import { KEY_ENCODINGS, exactKey, keyPart, lengthProblem } from './key-bytes.js'
import type { KeyEncoding } from './key-bytes.js'
import { keyVersions } from './key-versions.js'

const DIGESTS = ['sha1', 'sha256', 'sha384', 'sha512'] as const

const schema = z.strictObject({
  cipher: z.enum(['aes-256-gcm', 'aes-256-cbc']).default('aes-256-gcm'),
  digest: z.enum(DIGESTS).default('sha1'),
  url_safe: z.boolean().default(false),
  iterations: z.int().min(1).default(65_536),
  key_digest: z.enum(DIGESTS).default('sha1'),
  key_encoding: z.enum(KEY_ENCODINGS).optional(),
})

export type MessageOptions = z.output<typeof schema>
export const messageOptions = codecOptions(schema, (read) => read)

export interface MessageKey {
  readonly secret: Buffer
  /** What signs messages of AES-256-CBC. */
  readonly signing: Buffer
}

const KEY_BYTES = 32
const SIGNING_BYTES = 64
const PARTS: readonly string[] = ['secret', 'salt', 'sign_salt', 'key', 'sign_key']

type Version = string | Readonly<Record<string, string>>

const keys = keyVersions((version, variant): MessageKey => {
  const [encoding, iterations, digest = 'sha1'] = variant.split(' ')
  const options = { key_encoding: encoding === '' ? undefined : (encoding as KeyEncoding), iterations: Number(iterations), key_digest: digest }
  const problem = messageKeyProblem(version, options.key_encoding)
  if (problem !== null) throw new CodecError('key', `a version of the key ${problem}`)
  const [secret, salt, direct] = [keyPart(version, 'secret'), keyPart(version, 'salt'), typeof version === 'string' ? version : keyPart(version, 'key')]
  if (direct !== null) return { secret: exactKey(direct, options.key_encoding, KEY_BYTES), signing: Buffer.from(keyPart(version, 'sign_key') ?? exactKey(direct, options.key_encoding, KEY_BYTES)) }
  const derive = (salted: string, length: number): Buffer => pbkdf2Sync(secret ?? '', salted, options.iterations, length, options.key_digest)
  const derived = derive(salt ?? '', KEY_BYTES)
  const signSalt = keyPart(version, 'sign_salt')
  return { secret: derived, signing: signSalt === null ? derived : derive(signSalt, SIGNING_BYTES) }
})

/** The keys as `options` derive them. */
export function messageKeys(key: Parameters<typeof keys>[0], { key_encoding, iterations, key_digest }: MessageOptions): ReturnType<typeof keys> {
  return keys(key, `${key_encoding ?? ''} ${iterations} ${key_digest}`)
}

/** A key is 32 bytes, or the part `key` of as many (with `sign_key` where another text signs), or derived from `secret` and `salt`. */
export function messageKeyProblem(version: Version, encoding: KeyEncoding | undefined): string | null {
  if (typeof version === 'string') return lengthProblem(version, encoding, { bytes: KEY_BYTES })
  const unknown = Object.keys(version).filter((part) => !PARTS.includes(part))
  if (unknown.length > 0) return `has unknown parts: ${unknown.join(', ')}`
  if (version['key'] !== undefined) return lengthProblem(version['key'], encoding, { bytes: KEY_BYTES })
  return version['secret'] === undefined || version['salt'] === undefined ? 'has neither a part key nor the parts secret and salt' : null
}
