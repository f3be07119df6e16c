import type { Sealed } from './gcm.js'
import { decodeBase64 } from './encodings.js'

/** A message of Active Record Encryption, taken out of its JSON. */
export interface RailsMessage extends Sealed {
  readonly isCompressed: boolean
  /** Name of the plaintext's encoding where it is not UTF-8. */
  readonly encoding: string | null
  readonly keyReference: string | null
  /** The key of this one value, itself encrypted. */
  readonly dataKey: RailsMessage | null
}

const NONCE = 12
const TAG = 16
const KNOWN_HEADERS: ReadonlySet<string> = new Set(['iv', 'at', 'c', 'e', 'i', 'k'])

/** `not-ours` where the text is no envelope at all, `malformed` where it is one that Rails does not write. */
export function parseRailsMessage(text: string): RailsMessage | 'not-ours' | 'malformed' {
  if (!text.startsWith('{')) return 'not-ours'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not-ours'
  }
  return isRecord(value) && 'p' in value && isRecord(value['h']) ? (readMessage(value, 1) ?? 'malformed') : 'not-ours'
}

function readMessage(value: Readonly<Record<string, unknown>>, level: number): RailsMessage | null {
  const headers = value['h']
  if (!isRecord(headers) || Object.keys(value).length !== 2 || Object.keys(headers).some((name) => !KNOWN_HEADERS.has(name))) return null
  const [ciphertext, iv, tag] = [bytesOf(value['p']), bytesOf(headers['iv']), bytesOf(headers['at'])]
  if (ciphertext === null || iv?.length !== NONCE || tag?.length !== TAG) return null
  const [compressed, encoding, reference, dataKey] = [headers['c'], headers['e'], headers['i'], headers['k']]
  if (compressed !== undefined && compressed !== true) return null
  const [encodingName, keyReference] = [encoding === undefined ? undefined : bytesOf(encoding), reference === undefined ? undefined : bytesOf(reference)]
  if (encodingName === null || keyReference === null) return null
  const nested = dataKey === undefined ? undefined : level === 1 && isRecord(dataKey) ? readMessage(dataKey, level + 1) : null
  if (nested === null) return null
  return {
    iv,
    ciphertext,
    tag,
    isCompressed: compressed === true,
    encoding: encodingName?.toString('latin1') ?? null,
    keyReference: keyReference?.toString('latin1') ?? null,
    dataKey: nested ?? null,
  }
}

/** In the order in which Rails writes the headers, so that deterministic values are the same text. */
export function writeRailsMessage(message: RailsMessage): string {
  return JSON.stringify(jsonOf(message))
}

function jsonOf({ iv, ciphertext, tag, isCompressed, encoding, keyReference, dataKey }: RailsMessage): unknown {
  return {
    p: ciphertext.toString('base64'),
    h: {
      iv: iv.toString('base64'),
      at: tag.toString('base64'),
      ...(encoding === null ? {} : { e: Buffer.from(encoding, 'latin1').toString('base64') }),
      ...(dataKey === null ? {} : { k: jsonOf(dataKey) }),
      ...(keyReference === null ? {} : { i: Buffer.from(keyReference, 'latin1').toString('base64') }),
      ...(isCompressed ? { c: true } : {}),
    },
  }
}

function bytesOf(value: unknown): Buffer | null {
  return typeof value === 'string' ? decodeBase64(value) : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
