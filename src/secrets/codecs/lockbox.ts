import { hkdfSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { CodecError } from '../codec.js'
import type { Codec, CodecContext, Decrypted, StoredValue } from '../codec.js'
import type { NamedKey } from '../keyring.js'
import { codecOptions } from './codec-options.js'
import { decodeBase64 } from './encodings.js'
import { openGcm, sealGcm } from './gcm.js'
import { exactKey, lengthProblem } from './key-bytes.js'
import { keyProblems, keyVersions } from './key-versions.js'
import type { KeyVersions } from './key-versions.js'
import { padBlocks, unpadBlocks } from './padding.js'
import { formOf, isBytea } from './stored-form.js'

const KEY_BYTES = 32
const NONCE = 12
const TAG = 16
const INFO = Buffer.alloc(32, 0xb4)

const schema = z.strictObject({
  derive: z.boolean().default(true),
  table: z.string().min(1).optional(),
  attribute: z.string().min(1).optional(),
  padding: z.union([z.boolean(), z.int().min(1).max(256)]).default(false),
  associated_data: z.string().optional(),
})

const options = codecOptions(schema, (read) => ({
  ...read,
  block: read.padding === true ? 16 : read.padding === false ? null : read.padding,
  aad: read.associated_data === undefined ? null : Buffer.from(read.associated_data, 'utf8'),
}))

const SEPARATOR = '\u0000'

const attributeKeys = keyVersions((version, variant) => {
  const master = exactKey(version, undefined, KEY_BYTES)
  if (variant === '') return master
  const [table = '', attribute = ''] = variant.split(SEPARATOR)
  return Buffer.from(hkdfSync('sha384', master, Buffer.from(table, 'utf8'), Buffer.concat([INFO, Buffer.from(attribute, 'utf8')]), KEY_BYTES))
})

/** The Lockbox gem with its default algorithm: nonce, ciphertext and tag, in base64 in a text column, raw in a bytea. */
export const lockbox: Codec = {
  name: 'lockbox',
  problems: (given, key: NamedKey) => [...options.problems(given), ...keyProblems(key, (version) => lengthProblem(version, undefined, { bytes: KEY_BYTES }))],

  decrypt(stored, context): Decrypted | null {
    const { block, aad } = options.read(context.options)
    if (stored.length === 0 && block === null) return { plaintext: Buffer.alloc(0), meta: formOf(stored) }
    const bytes = typeof stored === 'string' ? decodeBase64(stored) : stored
    if (bytes === null || bytes.length < NONCE + TAG) return null
    const sealed = { iv: bytes.subarray(0, NONCE), ciphertext: bytes.subarray(NONCE, -TAG), tag: bytes.subarray(-TAG) }
    for (const version of keysOf(context).all) {
      const opened = openGcm(version.key, sealed, aad)
      if (opened !== null) return { plaintext: block === null ? opened : unpadBlocks(opened, block), keyId: version.id, meta: formOf(stored) }
    }
    throw new CodecError('authentication', 'no version of the key opens the value')
  },

  encrypt(plaintext, context): StoredValue {
    const { block, aad } = options.read(context.options)
    // the gem leaves what is empty as it is
    if (plaintext.length === 0 && block === null) return isBytea(context.meta) ? plaintext : ''
    const { iv, ciphertext, tag } = sealGcm(keysOf(context).current.key, randomBytes(NONCE), block === null ? plaintext : padBlocks(plaintext, block), { aad })
    const bytes = Buffer.concat([iv, ciphertext, tag])
    return isBytea(context.meta) ? bytes : bytes.toString('base64')
  },
}

function keysOf(context: CodecContext): KeyVersions<Buffer> {
  const { derive, table, attribute } = options.read(context.options)
  return attributeKeys(context.key, derive ? `${table ?? context.table}${SEPARATOR}${attribute ?? context.column}` : '')
}
