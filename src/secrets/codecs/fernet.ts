import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { CodecError } from '../codec.js'
import type { Codec, Decrypted, StoredValue } from '../codec.js'
import { codecOptions } from './codec-options.js'
import { decodeBase64, textOf } from './encodings.js'
import { exactKey, lengthProblem } from './key-bytes.js'
import { keyProblems, keyVersions } from './key-versions.js'
import { formOf, inFormOf, member } from './stored-form.js'

/** Version, seconds since 1970 in 8 bytes, iv, ciphertext in blocks, HMAC-SHA256 of all that. */
const VERSION = 0x80
const IV_START = 9
const CIPHERTEXT_START = 25
const MAC_LENGTH = 32
const BLOCK = 16

interface FernetKey {
  readonly signing: Buffer
  readonly encryption: Buffer
}

const options = codecOptions(z.strictObject({}), (read) => read)
const fernetKeys = keyVersions((version): FernetKey => {
  const key = exactKey(version, undefined, 32)
  return { signing: key.subarray(0, 16), encryption: key.subarray(16) }
})

/** Fernet tokens, as of Python's cryptography package. The time of a token is kept, so that what expires by it still does. */
export const fernet: Codec = {
  name: 'fernet',
  problems: (given, key) => [...options.problems(given), ...keyProblems(key, (version) => lengthProblem(version, undefined, { bytes: 32 }))],

  decrypt(stored, { key }): Decrypted | null {
    const token = decodeToken(textOf(stored))
    if (token === null) return null
    const signed = token.subarray(0, -MAC_LENGTH)
    for (const version of fernetKeys(key).all) {
      if (!timingSafeEqual(macOf(version.key, signed), token.subarray(-MAC_LENGTH))) continue
      return { plaintext: openCbc(version.key, signed), keyId: version.id, meta: { ...formOf(stored), seconds: String(token.readBigUInt64BE(1)) } }
    }
    throw new CodecError('authentication', 'no version of the key opens the token')
  },

  encrypt(plaintext, { key, meta }): StoredValue {
    const { current } = fernetKeys(key)
    const head = Buffer.alloc(IV_START)
    head[0] = VERSION
    const seconds = member(meta, 'seconds')
    head.writeBigUInt64BE(typeof seconds === 'string' ? BigInt(seconds) : BigInt(Math.floor(Date.now() / 1000)), 1)
    const iv = randomBytes(BLOCK)
    const cipher = createCipheriv('aes-128-cbc', current.key.encryption, iv)
    const signed = Buffer.concat([head, iv, cipher.update(plaintext), cipher.final()])
    const token = Buffer.concat([signed, macOf(current.key, signed)]).toString('base64url')
    return inFormOf(meta, token.padEnd(Math.ceil(token.length / 4) * 4, '='))
  },
}

function decodeToken(text: string): Buffer | null {
  if (!text.startsWith('gA')) return null
  const token = decodeBase64(text, 'base64url')
  if (token === null || token[0] !== VERSION || token.length < CIPHERTEXT_START + BLOCK + MAC_LENGTH) return null
  return (token.length - CIPHERTEXT_START - MAC_LENGTH) % BLOCK === 0 ? token : null
}

function macOf({ signing }: FernetKey, signed: Buffer): Buffer {
  return createHmac('sha256', signing).update(signed).digest()
}

function openCbc({ encryption }: FernetKey, signed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', encryption, signed.subarray(IV_START, CIPHERTEXT_START))
  try {
    return Buffer.concat([decipher.update(signed.subarray(CIPHERTEXT_START)), decipher.final()])
  } catch {
    throw new CodecError('authentication', 'the token is signed with the key, and its padding is not that of the key')
  }
}
