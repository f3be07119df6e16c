import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { CodecError } from '../codec.js'
import type { Codec, CodecContext, Decrypted, Encrypted, StoredValue } from '../codec.js'
import { attrEncryptedOptions, siblingColumns } from './attr-encrypted-options.js'
import type { AttrEncryptedOptions } from './attr-encrypted-options.js'
import { openCbc, sealCbc } from './cbc.js'
import { decodeBase64, encodeBase64Lines, textOf } from './encodings.js'
import { openGcm, sealGcm } from './gcm.js'
import { keyBytes, lengthProblem } from './key-bytes.js'
import { keyProblems, keyVersions } from './key-versions.js'
import { formOf, isBytea } from './stored-form.js'

const KEY_BYTES = 32
const TAG = 16
const BLOCK = 16
const SALT_BYTES = 16

const passwords = keyVersions((version, encoding) => {
  const key = keyBytes(version, encoding === '' ? undefined : (encoding as AttrEncryptedOptions['key_encoding']))
  if (key === null) throw new CodecError('key', 'a version of the key cannot be read')
  return key
})

/** The attr_encrypted gem, version 3, with the Encryptor gem: iv and salt in columns beside the value, the tag of GCM at its end. */
export const attrEncrypted: Codec = {
  name: 'attr-encrypted',
  siblings: (column, options) => Object.values(siblingColumns(column, options)).filter((name) => name !== null),

  problems: (given, key) => {
    const found = attrEncryptedOptions.problems(given)
    if (found.length > 0) return found
    const { mode, key_encoding, algorithm, iv } = attrEncryptedOptions.read(given)
    const ivLength = iv === undefined ? null : decodeBase64(iv)?.length
    return [
      ...(ivLength === null || ivLength === ivBytes(algorithm) ? [] : [`option iv: is not ${ivBytes(algorithm)} bytes long`]),
      ...keyProblems(key, (version) => lengthProblem(version, key_encoding, { bytes: KEY_BYTES, atLeast: mode !== 'per_attribute_iv' })),
    ]
  },

  decrypt(stored, context): Decrypted | null {
    // the gem leaves what is empty as it is
    if (stored.length === 0) return { plaintext: Buffer.alloc(0), meta: { ...formOf(stored) } }
    const options = attrEncryptedOptions.read(context.options)
    const ciphertext = decodeValue(stored, options.encode)
    if (ciphertext === null || ciphertext.length < (options.algorithm === 'aes-256-gcm' ? TAG : BLOCK)) return null
    const { iv, salt } = readSiblings(context, options)
    if (iv === null) return null
    if (iv.length !== ivBytes(options.algorithm)) throw new CodecError('layout', `the iv beside the value is not ${ivBytes(options.algorithm)} bytes long`)
    if (options.algorithm === 'aes-256-cbc' && ciphertext.length % BLOCK !== 0) throw new CodecError('layout', 'the ciphertext is not made of whole blocks')
    const opened = passwords(context.key, options.key_encoding).all.flatMap(({ id, key }) => {
      const plaintext = open(keyOf(key, salt, options), iv, ciphertext, options)
      return plaintext === null ? [] : [{ plaintext, keyId: id, meta: formOf(stored) }]
    })
    const [first, second] = opened
    if (first === undefined) throw new CodecError('authentication', 'no version of the key opens the value')
    if (second !== undefined && !second.plaintext.equals(first.plaintext)) throw new CodecError('authentication', 'several versions of the key seem to open the value, which CBC cannot tell apart')
    return first
  },

  encrypt(plaintext, context): Encrypted | StoredValue {
    const inBytes = isBytea(context.meta)
    if (plaintext.length === 0) return inBytes ? plaintext : ''
    const options = attrEncryptedOptions.read(context.options)
    const columns = siblingColumns(context.column, context.options)
    const iv = columns.iv === null ? declaredIv(options) : randomBytes(ivBytes(options.algorithm))
    const salt = columns.salt === null ? declaredSalt(options) : randomBytes(SALT_BYTES)
    const key = keyOf(passwords(context.key, options.key_encoding).current.key, salt, options)
    const siblings: Record<string, StoredValue> = {}
    if (columns.iv !== null) siblings[columns.iv] = encodeValue(iv, options.encode_iv)
    if (columns.salt !== null && salt !== null) siblings[columns.salt] = encodeSalt(salt, options.encode_salt)
    const value = encodeValue(seal(key, iv, plaintext, options), options.encode)
    return { stored: inBytes && typeof value === 'string' ? Buffer.from(value, 'latin1') : value, siblings }
  },
}

function readSiblings(context: CodecContext, options: AttrEncryptedOptions): { readonly iv: Buffer | null; readonly salt: Buffer | null } {
  const columns = siblingColumns(context.column, context.options)
  if (columns.iv === null) return { iv: declaredIv(options), salt: declaredSalt(options) }
  const ivStored = context.siblings[columns.iv] ?? null
  // a value without its iv was never encrypted by the gem
  if (ivStored === null || ivStored.length === 0) return { iv: null, salt: null }
  const iv = decodeValue(ivStored, options.encode_iv)
  if (iv === null) throw new CodecError('layout', 'the iv beside the value is not encoded as declared')
  if (columns.salt === null) return { iv, salt: null }
  const saltStored = context.siblings[columns.salt] ?? null
  if (saltStored === null || saltStored.length === 0) return { iv, salt: null }
  return { iv, salt: decodeSalt(saltStored, options.encode_salt) }
}

function ivBytes(algorithm: AttrEncryptedOptions['algorithm']): number {
  return algorithm === 'aes-256-gcm' ? 12 : 16
}

function declaredIv({ iv, algorithm }: AttrEncryptedOptions): Buffer {
  const bytes = Buffer.from(iv ?? '', 'base64')
  if (bytes.length !== ivBytes(algorithm)) throw new CodecError('layout', `option iv: is not ${ivBytes(algorithm)} bytes long`)
  return bytes
}

function declaredSalt({ salt }: AttrEncryptedOptions): Buffer | null {
  return salt === undefined ? null : Buffer.from(salt, 'utf8')
}

/** With a salt the key is a password, derived anew for each value; without one it is used as it is. */
function keyOf(password: Buffer, salt: Buffer | null, { iterations }: AttrEncryptedOptions): Buffer {
  if (salt !== null) return pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha1')
  if (password.length !== KEY_BYTES) throw new CodecError('key', `a version of the key is ${password.length} bytes long, and the value has no salt`)
  return password
}

function seal(key: Buffer, iv: Buffer, plaintext: Buffer, { algorithm }: AttrEncryptedOptions): Buffer {
  if (algorithm === 'aes-256-cbc') return sealCbc(key, iv, plaintext)
  const { ciphertext, tag } = sealGcm(key, iv, plaintext)
  return Buffer.concat([ciphertext, tag])
}

function open(key: Buffer, iv: Buffer, value: Buffer, { algorithm }: AttrEncryptedOptions): Buffer | null {
  if (algorithm === 'aes-256-cbc') return openCbc(key, iv, value)
  return openGcm(key, { iv, ciphertext: value.subarray(0, -TAG), tag: value.subarray(-TAG) })
}

type Encoding = AttrEncryptedOptions['encode']

function decodeValue(stored: StoredValue, encoding: Encoding): Buffer | null {
  if (encoding !== false) return decodeBase64(textOf(stored).replaceAll('\n', ''))
  if (typeof stored === 'string') throw new CodecError('layout', 'the value is text, where raw bytes are declared')
  return stored
}

function encodeValue(bytes: Buffer, encoding: Encoding): StoredValue {
  if (encoding === false) return bytes
  return encoding === 'm0' ? bytes.toString('base64') : encodeBase64Lines(bytes)
}

/** The gem marks an encoded salt by an underscore, and takes one without it as it stands. */
const ENCODED_SALT = '_'

function decodeSalt(stored: StoredValue, encoding: Encoding): Buffer {
  const text = textOf(stored)
  if (encoding === false || !text.startsWith(ENCODED_SALT)) return Buffer.isBuffer(stored) ? stored : Buffer.from(stored, 'utf8')
  const salt = decodeBase64(text.slice(1).replaceAll('\n', ''))
  if (salt === null) throw new CodecError('layout', 'the salt beside the value is not encoded as declared')
  return salt
}

function encodeSalt(salt: Buffer, encoding: Encoding): StoredValue {
  const encoded = encodeValue(salt, encoding)
  return typeof encoded === 'string' ? ENCODED_SALT + encoded : encoded
}
