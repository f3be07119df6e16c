import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { CodecError } from '../codec.js'
import type { Codec, Decrypted, StoredValue } from '../codec.js'
import { openCbc, sealCbc } from './cbc.js'
import { decodeBase64, textOf } from './encodings.js'
import { openGcm, sealGcm } from './gcm.js'
import { keyProblems } from './key-versions.js'
import { messageKeyProblem, messageKeys, messageOptions } from './message-encryptor-keys.js'
import type { MessageKey, MessageOptions } from './message-encryptor-keys.js'
import { formOf, inFormOf } from './stored-form.js'

const SEPARATOR = '--'
const NONCE = 12
const TAG = 16
const BLOCK = 16
const DIGEST_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const

/**
 * ActiveSupport::MessageEncryptor. What it yields as plaintext is what the application's serializer made, with purpose and expiry where it wrote
 * such: none of that is looked into.
 */
export const messageEncryptor: Codec = {
  name: 'message-encryptor',
  problems: (given, key) => {
    const found = messageOptions.problems(given)
    return found.length > 0 ? found : keyProblems(key, (version) => messageKeyProblem(version, messageOptions.read(given).key_encoding))
  },

  decrypt(stored, context): Decrypted | null {
    const options = messageOptions.read(context.options)
    const openWith = options.cipher === 'aes-256-gcm' ? authenticated(textOf(stored), options) : signed(textOf(stored), options)
    if (openWith === null) return null
    for (const { id, key } of messageKeys(context.key, options).all) {
      const plaintext = openWith(key)
      if (plaintext !== null) return { plaintext, keyId: id, meta: formOf(stored) }
    }
    throw new CodecError('authentication', 'no version of the key opens the value')
  },

  encrypt(plaintext, context): StoredValue {
    const options = messageOptions.read(context.options)
    const { key } = messageKeys(context.key, options).current
    if (options.cipher === 'aes-256-gcm') {
      const { iv, ciphertext, tag } = sealGcm(key.secret, randomBytes(NONCE), plaintext)
      return inFormOf(context.meta, join([ciphertext, iv, tag], options))
    }
    const iv = randomBytes(BLOCK)
    const data = encode(Buffer.from(join([sealCbc(key.secret, iv, plaintext), iv], options), 'latin1'), options)
    return inFormOf(context.meta, data + SEPARATOR + signatureOf(data, key, options).toString('hex'))
  },
}

type OpenWith = (key: MessageKey) => Buffer | null

function authenticated(text: string, options: MessageOptions): OpenWith | null {
  const parts = split(text, [NONCE, TAG], options)
  if (parts === null) return null
  const [ciphertext, iv, tag] = parts
  return ciphertext === undefined || iv === undefined || tag === undefined ? null : ({ secret }) => openGcm(secret, { iv, ciphertext, tag })
}

/** The signature proves the value; only then is it looked into. */
function signed(text: string, options: MessageOptions): OpenWith | null {
  const start = text.length - DIGEST_BYTES[options.digest] * 2
  if (start <= SEPARATOR.length || text.slice(start - SEPARATOR.length, start) !== SEPARATOR) return null
  const signature = /^[0-9a-f]+$/.test(text.slice(start)) ? Buffer.from(text.slice(start), 'hex') : null
  const data = text.slice(0, start - SEPARATOR.length)
  const inner = decode(data, options)
  if (signature === null || inner === null) return null
  return (key) => {
    if (!timingSafeEqual(signature, signatureOf(data, key, options))) return null
    const [ciphertext, iv] = split(inner.toString('latin1'), [BLOCK], options) ?? []
    if (ciphertext === undefined || iv === undefined) throw new CodecError('layout', 'the message is signed with the key and not of the form of encrypted ones')
    return openCbc(key.secret, iv, ciphertext)
  }
}

function signatureOf(data: string, { signing }: MessageKey, { digest }: MessageOptions): Buffer {
  return createHmac(digest, signing).update(data, 'latin1').digest()
}

/** From the end, by the lengths of the parts there: in the alphabet for URLs a ciphertext may hold the separator. */
function split(text: string, lengths: readonly number[], options: MessageOptions): readonly Buffer[] | null {
  const parts: Buffer[] = []
  let end = text.length
  for (const length of lengths.toReversed()) {
    const start = end - encodedLength(length, options)
    if (start < SEPARATOR.length || text.slice(start - SEPARATOR.length, start) !== SEPARATOR) return null
    const part = decode(text.slice(start, end), options)
    if (part?.length !== length) return null
    parts.unshift(part)
    end = start - SEPARATOR.length
  }
  const first = decode(text.slice(0, end), options)
  return first === null ? null : [first, ...parts]
}

function join(parts: readonly Buffer[], options: MessageOptions): string {
  return parts.map((part) => encode(part, options)).join(SEPARATOR)
}

function encodedLength(bytes: number, { url_safe }: MessageOptions): number {
  return url_safe ? Math.ceil((bytes * 4) / 3) : Math.ceil(bytes / 3) * 4
}

function encode(bytes: Buffer, { url_safe }: MessageOptions): string {
  return bytes.toString(url_safe ? 'base64url' : 'base64')
}

function decode(text: string, { url_safe }: MessageOptions): Buffer | null {
  return decodeBase64(text, url_safe ? 'base64url' : 'base64')
}
