import { CodecError } from '../codec.js'
import { decodeBase64 } from './encodings.js'

export const KEY_ENCODINGS = ['base64', 'hex', 'text'] as const
export type KeyEncoding = (typeof KEY_ENCODINGS)[number]

type Version = string | Readonly<Record<string, string>>

/**
 * The bytes of a version that is one binary key. Without an encoding 64 hexadecimal digits are 32 bytes in hex, which base64 of no 32 bytes
 * looks like; all else is base64 of either alphabet. `text` takes the characters themselves, for applications whose keys are text.
 */
export function keyBytes(version: Version, encoding: KeyEncoding | undefined): Buffer | null {
  if (typeof version !== 'string') return null
  if (encoding === 'text') return Buffer.from(version, 'utf8')
  const isHex = HEX_DIGITS.test(version) && version.length % 2 === 0
  if (encoding === 'hex' || (encoding === undefined && version.length === 64 && isHex)) return isHex ? Buffer.from(version, 'hex') : null
  return decodeBase64(version.trim()) ?? decodeBase64(version.trim(), 'base64url')
}

const HEX_DIGITS = /^[0-9a-fA-F]+$/

/** What is wrong with a version that should be exactly (or at least) so many bytes; null where nothing is. */
export function lengthProblem(version: Version, encoding: KeyEncoding | undefined, { bytes, atLeast = false }: { readonly bytes: number; readonly atLeast?: boolean }): string | null {
  if (typeof version !== 'string') return 'has named parts, where one key is expected'
  const key = keyBytes(version, encoding)
  if (key === null) return `is not ${encoding ?? 'base64'}`
  if (atLeast ? key.length >= bytes : key.length === bytes) return null
  return `is ${key.length} bytes long, not ${atLeast ? 'at least ' : ''}${bytes}`
}

/** As `keyBytes`, of exactly this length. */
export function exactKey(version: Version, encoding: KeyEncoding | undefined, bytes: number): Buffer {
  const key = keyBytes(version, encoding)
  if (key === null || key.length !== bytes) throw new CodecError('key', `a version of the key ${lengthProblem(version, encoding, { bytes }) ?? 'is wrong'}`)
  return key
}

/** Named part of a version; null where there is none. */
export function keyPart(version: Version, part: string): string | null {
  return typeof version === 'string' ? null : (version[part] ?? null)
}
