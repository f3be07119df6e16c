import { z } from 'zod'
import { aadOption } from './authenticated-text.js'
import { codecOptions } from './codec-options.js'
import { KEY_ENCODINGS } from './key-bytes.js'
import type { KeyEncoding } from './key-bytes.js'

export const PARTS = ['iv', 'ciphertext', 'tag'] as const
export type Part = (typeof PARTS)[number]
export type ValueEncoding = 'raw' | 'base64' | 'base64url' | 'hex'

export interface AesOptions {
  readonly layout: readonly Part[]
  /** Null: the parts follow one another as bytes and are encoded as one. */
  readonly separator: string | null
  readonly ivLength: number
  readonly tagLength: number
  /** Null: raw in a bytea, else base64. */
  readonly encoding: ValueEncoding | null
  readonly isPadded: boolean
  readonly prefix: Prefix
  readonly aad: string | null
  readonly isDeterministic: boolean
  readonly keyEncoding: KeyEncoding | undefined
}

/** What stands before the value: `before`, and, where it names its key, the id of that and `after`. */
export interface Prefix {
  readonly before: string
  readonly after: string | null
}

const KEY_ID = '{key}'
const ALPHABETS = { base64: /^[A-Za-z0-9+/=]*$/, base64url: /^[\w=-]*$/, hex: /^[0-9a-fA-F]*$/ }

const schema = z
  .strictObject({
    layout: z
      .array(z.enum(PARTS))
      .refine((parts) => parts.length === PARTS.length && new Set(parts).size === PARTS.length, { error: 'must name iv, ciphertext and tag once each' })
      .default([...PARTS]),
    separator: z.string().min(1).optional(),
    iv_length: z.int().min(7).max(64).default(12),
    tag_length: z.int().min(12).max(16).default(16),
    encoding: z.enum(['raw', 'base64', 'base64url', 'hex']).optional(),
    padding: z.boolean().optional(),
    prefix: z.string().min(1).optional(),
    aad: aadOption.optional(),
    deterministic: z.boolean().default(false),
    key_encoding: z.enum(KEY_ENCODINGS).optional(),
  })
  .refine(({ separator, encoding }) => separator === undefined || encoding !== 'raw', { path: ['separator'], error: 'raw bytes may hold the separator' })
  .refine(({ separator, encoding = 'base64' }) => separator === undefined || encoding === 'raw' || !ALPHABETS[encoding].test(separator), { path: ['separator'], error: 'must hold a character that the encoding does not use' })
  .refine(({ prefix }) => prefix === undefined || (prefix.split(KEY_ID).length <= 2 && !prefix.endsWith(KEY_ID)), { path: ['prefix'], error: `must hold ${KEY_ID} once at most, and text after it` })
  .refine(({ deterministic, iv_length }) => !deterministic || iv_length <= 32, { path: ['iv_length'], error: 'a deterministic iv has 32 bytes at most' })

export const aesOptions = codecOptions(schema, (options): AesOptions => {
  const [before = '', after = null] = (options.prefix ?? '').split(KEY_ID)
  return {
    layout: options.layout,
    separator: options.separator ?? null,
    ivLength: options.iv_length,
    tagLength: options.tag_length,
    encoding: options.encoding ?? null,
    isPadded: options.padding ?? options.encoding !== 'base64url',
    prefix: { before, after },
    aad: options.aad ?? null,
    isDeterministic: options.deterministic,
    keyEncoding: options.key_encoding,
  }
})
