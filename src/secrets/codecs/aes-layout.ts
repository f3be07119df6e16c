import { CodecError } from '../codec.js'
import type { StoredValue } from '../codec.js'
import type { AesOptions, Part, Prefix, ValueEncoding } from './aes-options.js'
import { decodeBase64, decodeHex, textOf } from './encodings.js'
import type { Sealed } from './gcm.js'

export interface FoundParts {
  /** Null where values do not name their key. */
  readonly keyId: string | null
  readonly sealed: Sealed
}

/** The parts of a value; null where the layout rules it out. */
export function decodeParts(stored: StoredValue, options: AesOptions): FoundParts | null {
  const encoding = options.encoding ?? (typeof stored === 'string' ? 'base64' : 'raw')
  if (encoding === 'raw') return decodeRaw(stored, options)
  const text = textOf(stored)
  const found = readPrefix(text, options.prefix)
  if (found === null) return null
  const rest = found.length === 0 ? text : text.slice(found.length)
  const sealed = options.separator === null ? splitBytes(decode(rest, encoding), options) : decodeEach(rest, options.separator, encoding, options)
  return sealed === null ? null : { keyId: found.keyId, sealed }
}

export function encodeParts(sealed: Sealed, keyId: string, options: AesOptions, isBytea: boolean): StoredValue {
  const { before, after } = options.prefix
  const prefix = after === null ? before : before + keyId + after
  const encoding = options.encoding ?? (isBytea ? 'raw' : 'base64')
  const parts = options.layout.map((part) => sealed[part])
  if (encoding === 'raw') return prefix === '' ? Buffer.concat(parts) : Buffer.concat([Buffer.from(prefix, 'utf8'), ...parts])
  const body = options.separator === null ? encode(Buffer.concat(parts), encoding, options) : parts.map((part) => encode(part, encoding, options)).join(options.separator)
  return isBytea ? Buffer.from(prefix + body, 'latin1') : prefix + body
}

function decodeRaw(stored: StoredValue, options: AesOptions): FoundParts | null {
  if (typeof stored === 'string') throw new CodecError('layout', 'the value is text, where raw bytes are declared')
  const { before, after } = options.prefix
  if (before === '' && after === null) return sealedOrNull(null, splitBytes(stored, options))
  // key ids and prefixes are short: looking at the head alone keeps the value from being copied
  const found = readPrefix(stored.toString('latin1', 0, Math.min(stored.length, LONGEST_PREFIX)), { before: latin1(before), after: after === null ? null : latin1(after) })
  if (found === null) return null
  return sealedOrNull(found.keyId === null ? null : Buffer.from(found.keyId, 'latin1').toString('utf8'), splitBytes(stored.subarray(found.length), options))
}

const LONGEST_PREFIX = 1024

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function sealedOrNull(keyId: string | null, sealed: Sealed | null): FoundParts | null {
  return sealed === null ? null : { keyId, sealed }
}

function readPrefix(text: string, { before, after }: Prefix): { readonly keyId: string | null; readonly length: number } | null {
  if (!text.startsWith(before)) return null
  if (after === null) return { keyId: null, length: before.length }
  const end = text.indexOf(after, before.length)
  return end === -1 ? null : { keyId: text.slice(before.length, end), length: end + after.length }
}

/** The ciphertext takes what iv and tag leave. */
function splitBytes(bytes: Buffer | null, { layout, ivLength, tagLength }: AesOptions): Sealed | null {
  if (bytes === null || bytes.length < ivLength + tagLength) return null
  const found: Partial<Record<Part, Buffer>> = {}
  let start = 0
  for (const part of layout) {
    const length = part === 'iv' ? ivLength : part === 'tag' ? tagLength : bytes.length - ivLength - tagLength
    found[part] = bytes.subarray(start, start + length)
    start += length
  }
  return complete(found)
}

function decodeEach(text: string, separator: string, encoding: ValueEncoding, { layout, ivLength, tagLength }: AesOptions): Sealed | null {
  const texts = text.split(separator, layout.length + 1)
  if (texts.length !== layout.length) return null
  const found: Partial<Record<Part, Buffer>> = {}
  for (const [index, part] of layout.entries()) {
    const bytes = decode(texts[index] ?? '', encoding)
    if (bytes === null) return null
    found[part] = bytes
  }
  return found.iv?.length === ivLength && found.tag?.length === tagLength ? complete(found) : null
}

function complete({ iv, ciphertext, tag }: Partial<Record<Part, Buffer>>): Sealed | null {
  return iv === undefined || ciphertext === undefined || tag === undefined ? null : { iv, ciphertext, tag }
}

function decode(text: string, encoding: ValueEncoding): Buffer | null {
  return encoding === 'hex' ? decodeHex(text) : decodeBase64(text, encoding === 'base64url' ? 'base64url' : 'base64')
}

function encode(bytes: Buffer, encoding: ValueEncoding, { isPadded }: AesOptions): string {
  if (encoding === 'hex') return bytes.toString('hex')
  const text = bytes.toString(encoding === 'base64url' ? 'base64url' : 'base64')
  if (encoding === 'base64') return isPadded ? text : text.replace(/=+$/, '')
  return isPadded ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text
}
