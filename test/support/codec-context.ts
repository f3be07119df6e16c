import type { Codec, CodecContext, Decrypted, Encrypted, StoredValue } from '../../src/secrets/codec.js'
import type { NamedKey } from '../../src/secrets/keyring.js'

type Versions = Readonly<Record<string, string | Readonly<Record<string, string>>>>

export function namedKey(versions: Versions, current = Object.keys(versions).at(-1) ?? ''): NamedKey {
  return { current, versions: new Map(Object.entries(versions)) }
}

export interface ContextParts {
  readonly key: NamedKey
  readonly options?: CodecContext['options']
  readonly table?: string
  readonly column?: string
  readonly siblings?: CodecContext['siblings']
}

export function codecContext({ key, options = {}, table = 'users', column = 'email_ciphertext', siblings = {} }: ContextParts): CodecContext {
  return { key, options, schema: 'public', table, column, primaryKey: { id: '7' }, siblings }
}

/** What `encrypt` yields, with the siblings that it wrote. */
export async function seal(codec: Codec, plaintext: Buffer, context: CodecContext, meta?: unknown): Promise<Required<Encrypted>> {
  const sealed = await codec.encrypt(plaintext, { ...context, meta })
  return typeof sealed === 'object' && 'stored' in sealed ? { stored: sealed.stored, siblings: sealed.siblings ?? {} } : { stored: sealed, siblings: {} }
}

export async function unseal(codec: Codec, stored: StoredValue, context: CodecContext): Promise<Decrypted> {
  const opened = await codec.decrypt(stored, context)
  if (opened === null) throw new Error('the value was taken to be in the clear')
  return opened
}
