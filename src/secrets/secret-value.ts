import { createHmac } from 'node:crypto'
import type { Codec, CodecContext, Decrypted, Encrypted, StoredValue } from './codec.js'
import { CodecError } from './codec.js'
import type { NamedKey } from './keyring.js'
import { chain } from './maybe.js'
import type { Maybe } from './maybe.js'

/** A codec with the key of one cell. */
export interface Cipher {
  readonly codec: Codec
  readonly key: NamedKey
  readonly options: CodecContext['options']
}

/** A declared rule with the ciphers of both cells: what the target holds may be written in another form (`to`). */
export interface SecretCipher {
  readonly source: Cipher
  readonly target: Cipher
  /** Place of its `when` among the pass's conditions; null where it applies to every row. */
  readonly when: number | null
  readonly clear: 'pass' | 'error'
  readonly unreadable: 'stop' | 'carry' | 'null'
}

export type Place = Pick<CodecContext, 'schema' | 'table' | 'column' | 'primaryKey' | 'siblings'>

/** What came of opening a value by the rules that apply to its row. */
export type Opened =
  | { readonly kind: 'opened'; readonly rule: SecretCipher; readonly plaintext: Buffer; readonly meta: unknown; readonly keyId: string | null }
  /** No rule applies to the row, or the value is in the clear and may be. */
  | { readonly kind: 'clear' }
  | { readonly kind: 'unreadable'; readonly policy: SecretCipher['unreadable']; readonly reason: string }

/**
 * Opens a value with the first rule whose layout it has, by that side's key. Never throws for a value that cannot be opened, and yields no byte of
 * it in the reason.
 */
export function openSecret(stored: StoredValue, rules: readonly SecretCipher[], side: 'source' | 'target', place: Place): Maybe<Opened> {
  return openFrom({ stored, rules, side, place }, 0, null)
}

interface OpenRequest {
  readonly stored: StoredValue
  readonly rules: readonly SecretCipher[]
  readonly side: 'source' | 'target'
  readonly place: Place
}

type Failure = Omit<Extract<Opened, { kind: 'unreadable' }>, 'kind'>

/** With the rules from the n-th on; `failure` is that of the first one before them. */
function openFrom(request: OpenRequest, n: number, failure: Failure | null): Maybe<Opened> {
  const { stored, rules, side, place } = request
  const rule = rules[n]
  if (rule === undefined) return unopened(rules, failure)
  const failed = (error: unknown): Failure => failure ?? { policy: rule.unreadable, reason: REASONS[error instanceof CodecError ? error.reason : 'failed'] }
  const { codec } = rule[side]
  const found = (decrypted: Decrypted | null): Maybe<Opened> =>
    decrypted === null ? openFrom(request, n + 1, failure) : { kind: 'opened', rule, plaintext: decrypted.plaintext, meta: decrypted.meta, keyId: decrypted.keyId ?? null }
  let decrypted: Maybe<Decrypted | null>
  try {
    decrypted = codec.decrypt(stored, contextOf(place, rule[side]))
  } catch (error) {
    return openFrom(request, n + 1, failed(error))
  }
  return decrypted instanceof Promise ? decrypted.then(found, (error: unknown) => openFrom(request, n + 1, failed(error))) : found(decrypted)
}

function unopened(rules: readonly SecretCipher[], failure: Failure | null): Opened {
  if (failure !== null) return { kind: 'unreadable', ...failure }
  const [first] = rules
  if (first === undefined || rules.some((rule) => rule.clear === 'pass')) return { kind: 'clear' }
  return { kind: 'unreadable', policy: first.unreadable, reason: 'it is in the clear' }
}

const REASONS = {
  layout: 'it has not the layout of its codec',
  'unknown-key': 'it names a version of the key that the source does not have',
  authentication: 'no version of the key opens it: the wrong key, or the value was changed',
  key: 'the key does not fit its codec',
  failed: 'its codec failed',
} as const

/** Writes an opened value with the target's current key. Throws CodecError without a byte of the value. */
export function sealSecret({ rule, plaintext, meta }: Extract<Opened, { kind: 'opened' }>, place: Place): Maybe<Encrypted> {
  return chain(rule.target.codec.encrypt(plaintext, contextOf(place, rule.target, meta)), (encrypted) => (typeof encrypted === 'string' || Buffer.isBuffer(encrypted) ? { stored: encrypted } : encrypted))
}

function contextOf({ schema, table, column, primaryKey, siblings }: Place, { key, options }: Cipher, meta?: unknown): CodecContext & { readonly meta: unknown } {
  return { schema, table, column, primaryKey, siblings, key, options, meta }
}

/**
 * What stands for a value when both sides are compared: equal where plaintexts are, and where what is carried as it stands is the same. Bound to
 * `place`, so that it says nothing of the value of another row.
 */
export function secretDigest(key: Buffer, opened: Opened, stored: StoredValue, place: string): Buffer | null {
  if (opened.kind === 'unreadable' && opened.policy === 'null') return null
  return createHmac('sha256', key).update(`${opened.kind}\0${place}\0`).update(opened.kind === 'opened' ? opened.plaintext : stored).digest()
}
