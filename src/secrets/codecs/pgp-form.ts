import { CompressedDataPacket, LiteralDataPacket, SymEncryptedSessionKeyPacket, enums } from 'openpgp'
import type { Message } from 'openpgp'
import type { StoredValue } from '../codec.js'

export type PgpMessage = Message<Uint8Array>

/** What is kept of a message so that pgp_sym_decrypt and pgp_sym_decrypt_bytea read the target's as they did the source's. */
export interface PgpForm {
  readonly literal: 'binary' | 'text' | 'utf8'
  readonly cipher: enums.symmetric
  readonly compression: enums.compression
  /** Of the key derivation, coded as OpenPGP does. */
  readonly countByte: number
}

const ARMOR = '-----BEGIN PGP MESSAGE-----'
const SESSION_KEY_PACKET = 3

/** Whether a value begins with a session key under a passphrase. */
export function isOpenPgp(stored: StoredValue): boolean {
  if (typeof stored === 'string') return stored.trimStart().startsWith(ARMOR)
  const [head = 0] = stored
  const tag = (head & 0xc0) === 0xc0 ? head & 0x3f : (head & 0xc0) === 0x80 ? (head & 0x3c) >> 2 : null
  return tag === SESSION_KEY_PACKET
}

const AES: ReadonlySet<number> = new Set([enums.symmetric.aes128, enums.symmetric.aes192, enums.symmetric.aes256])
const LITERALS: Readonly<Record<number, PgpForm['literal']>> = { [enums.literal.binary]: 'binary', [enums.literal.text]: 'text', [enums.literal.utf8]: 'utf8' }
const FASTEST = 0x60
/** Above, deriving one key takes a second. */
const SLOWEST = 0xe0

/** Ciphers older than AES are read and not written. */
export function readForm(encrypted: PgpMessage, opened: PgpMessage): PgpForm {
  const session: unknown = encrypted.packets.find((packet) => packet instanceof SymEncryptedSessionKeyPacket)
  const compressed: unknown = opened.packets.find((packet) => packet instanceof CompressedDataPacket)
  const literal: unknown = opened.unwrapCompressed().packets.find((packet) => packet instanceof LiteralDataPacket)
  const cipher = numberOf(session, 'sessionKeyAlgorithm') ?? enums.symmetric.aes128
  const count = numberOf(memberOf(session, 's2k'), 'c') ?? FASTEST
  return {
    literal: LITERALS[numberOf(literal, 'format') ?? enums.literal.binary] ?? 'binary',
    cipher: AES.has(cipher) ? cipher : enums.symmetric.aes128,
    compression: numberOf(compressed, 'algorithm') ?? enums.compression.uncompressed,
    countByte: Math.min(Math.max(count, FASTEST), SLOWEST),
  }
}

/** Members that the library has and does not declare. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function numberOf(value: unknown, name: string): number | null {
  const found = memberOf(value, name)
  return typeof found === 'number' ? found : null
}
