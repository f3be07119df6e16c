import { createHmac } from 'node:crypto'
import type { Codec, CodecContext, Encrypted, StoredValue } from './codec.js'
import { CodecError } from './codec.js'
import type { NamedKey } from './keyring.js'

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
export async function openSecret(stored: StoredValue, rules: readonly SecretCipher[], side: 'source' | 'target', place: Place): Promise<Opened> {
  let failure: { readonly policy: SecretCipher['unreadable']; readonly reason: string } | null = null
  for (const rule of rules) {
    const { codec, key, options } = rule[side]
    try {
      const decrypted = await codec.decrypt(stored, { ...place, key, options })
      if (decrypted !== null) return { kind: 'opened', rule, plaintext: decrypted.plaintext, meta: decrypted.meta, keyId: decrypted.keyId ?? null }
    } catch (error) {
      failure ??= { policy: rule.unreadable, reason: REASONS[error instanceof CodecError ? error.reason : 'failed'] }
    }
  }
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

/** Writes an opened value with the target's current key. Throws MoverError's cause only: a CodecError without a byte of the value. */
export async function sealSecret({ rule, plaintext, meta }: Extract<Opened, { kind: 'opened' }>, place: Place): Promise<Encrypted> {
  const { codec, key, options } = rule.target
  const encrypted = await codec.encrypt(plaintext, { ...place, key, options, meta })
  return typeof encrypted === 'string' || Buffer.isBuffer(encrypted) ? { stored: encrypted } : encrypted
}

/** What stands for a value when both sides are compared: equal where plaintexts are, and where what is carried as it stands is the same. */
export function secretDigest(key: Buffer, opened: Opened, stored: StoredValue): string | null {
  if (opened.kind === 'unreadable' && opened.policy === 'null') return null
  const [kind, bytes] = opened.kind === 'opened' ? ['opened', opened.plaintext] : [opened.kind, stored]
  return createHmac('sha256', key).update(kind).update('\0').update(bytes).digest('base64')
}
