import type { NamedKey } from './keyring.js'
import type { Maybe } from './maybe.js'

/** A value as the column holds it: bytes of a bytea, else the text that PostgreSQL prints. */
export type StoredValue = Buffer | string

/** Everything that a codec may know of the value in hand. Holds keys: never log it. */
export interface CodecContext {
  /** The versions of the named key, and which of them is current: decrypt with any, encrypt with the current one. */
  readonly key: NamedKey
  /** The codec's own options, as declared for the column. */
  readonly options: Readonly<Record<string, unknown>>
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly primaryKey: Readonly<Record<string, string>>
  /** Values of the columns that `siblings` names; null where NULL. */
  readonly siblings: Readonly<Record<string, StoredValue | null>>
}

export interface Decrypted {
  readonly plaintext: Buffer
  /** What `encrypt` needs to write the value in the same form (deterministic or not, compressed or not). Plain data, never a secret. */
  readonly meta?: unknown
  /** The version of the key that opened it, where the codec knows. */
  readonly keyId?: string
}

export interface Encrypted {
  readonly stored: StoredValue
  /** New values of sibling columns. */
  readonly siblings?: Readonly<Record<string, StoredValue | null>>
}

/**
 * How one application stores a secret. Knows bytes and keys, nothing of databases or moves; holds no state between calls.
 *
 * A value that the codec's layout rules out is in the clear: `decrypt` yields null. A value that has the layout and cannot be opened throws
 * CodecError. `encrypt` always uses the current version of the key, and yields equal ciphertexts for equal plaintexts where `meta`
 * says that the value was deterministic.
 */
export interface Codec {
  readonly name: string
  /** Columns of the same row that belong to the value, such as a column with its iv: read and written with it. */
  readonly siblings?: (column: string, options: CodecContext['options']) => readonly string[]
  /** What is wrong with options or key (length, missing parts, unknown options), one sentence each, without a byte of the key. */
  readonly problems?: (options: CodecContext['options'], key: NamedKey) => readonly string[]
  readonly decrypt: (stored: StoredValue, context: CodecContext) => Maybe<Decrypted | null>
  readonly encrypt: (plaintext: Buffer, context: CodecContext & { readonly meta: unknown }) => Maybe<Encrypted | StoredValue>
}

/** Why a value could not be opened or written. Its message never holds a byte of the value or of a key. */
export class CodecError extends Error {
  readonly reason: 'layout' | 'unknown-key' | 'authentication' | 'key'

  constructor(reason: CodecError['reason'], message: string) {
    super(message)
    this.name = 'CodecError'
    this.reason = reason
  }
}
