import { z } from 'zod'
import type { CodecContext } from '../codec.js'
import { codecOptions } from './codec-options.js'
import { KEY_ENCODINGS } from './key-bytes.js'

const encoding = z.union([z.boolean(), z.enum(['m', 'm0'])])

const schema = z
  .strictObject({
    mode: z.enum(['per_attribute_iv', 'per_attribute_iv_and_salt', 'single_iv_and_salt']).default('per_attribute_iv'),
    algorithm: z.enum(['aes-256-gcm', 'aes-256-cbc']).default('aes-256-gcm'),
    encode: encoding.default(true),
    encode_iv: encoding.default(true),
    encode_salt: encoding.default(true),
    iv_column: z.string().min(1).optional(),
    salt_column: z.string().min(1).optional(),
    iv: z.base64().optional(),
    salt: z.string().min(1).optional(),
    iterations: z.int().min(1).default(2000),
    key_encoding: z.enum(KEY_ENCODINGS).optional(),
  })
  .refine(({ mode, iv }) => mode !== 'single_iv_and_salt' || iv !== undefined, { path: ['iv'], error: 'is required: the one iv of all values, in base64' })

export type AttrEncryptedOptions = z.output<typeof schema>

export const attrEncryptedOptions = codecOptions(schema, (read) => read)

/** The columns beside the value; null where the mode knows none. */
export function siblingColumns(column: string, options: CodecContext['options']): { readonly iv: string | null; readonly salt: string | null } {
  const { mode, iv_column, salt_column } = attrEncryptedOptions.read(options)
  return {
    iv: mode === 'single_iv_and_salt' ? null : (iv_column ?? `${column}_iv`),
    salt: mode === 'per_attribute_iv_and_salt' ? (salt_column ?? `${column}_salt`) : null,
  }
}
