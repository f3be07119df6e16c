import { CodecError } from './codec.js'
import type { Codec, CodecContext, Decrypted, Encrypted, StoredValue } from './codec.js'
import type { NamedKey } from './keyring.js'

/** What an own codec is given: plain objects, frozen. Holds keys: never log it. */
export interface OwnCodecContext extends Omit<CodecContext, 'key'> {
  readonly key: { readonly current: string; readonly versions: Readonly<Record<string, string | Readonly<Record<string, string>>>> }
}

/** Bytes in whatever form a module finds natural. */
type OwnBytes = Buffer | Uint8Array | string

/** The default export of a module named under `secrets.codecs`. */
export interface OwnCodec {
  readonly name: string
  readonly siblings?: (column: string, options: CodecContext['options']) => readonly string[]
  readonly problems?: (options: CodecContext['options'], key: OwnCodecContext['key']) => readonly string[]
  readonly decrypt: (stored: StoredValue, context: OwnCodecContext) => unknown
  readonly encrypt: (plaintext: Buffer, context: OwnCodecContext & { readonly meta: unknown }) => unknown
}

/**
 * An own module as a codec of ours. What it returns is checked; what it throws is replaced, since its text may quote the value: an error's
 * `reason` says which of ours it becomes.
 */
export function wrapOwnCodec(own: OwnCodec): Codec {
  const { siblings, problems } = own
  return {
    name: own.name,
    ...(siblings === undefined ? {} : { siblings: (column, options) => siblings.call(own, column, options) }),
    ...(problems === undefined ? {} : { problems: (options, key) => problems.call(own, options, plainKey(key)) }),
    async decrypt(stored, context): Promise<Decrypted | null> {
      return readDecrypted(own.name, await guarded(own.name, 'open', () => own.decrypt(stored, ownContext(context))))
    },
    async encrypt(plaintext, context): Promise<Encrypted | StoredValue> {
      return readEncrypted(own.name, await guarded(own.name, 'write', () => own.encrypt(plaintext, { ...ownContext(context), meta: context.meta })))
    },
  }
}

const REASONS: ReadonlySet<unknown> = new Set<CodecError['reason']>(['layout', 'unknown-key', 'authentication', 'key'])

async function guarded(name: string, verb: 'open' | 'write', call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (thrown) {
    const reason: unknown = isRecord(thrown) ? thrown['reason'] : undefined
    throw new CodecError(REASONS.has(reason) ? (reason as CodecError['reason']) : verb === 'open' ? 'authentication' : 'key', `codec ${name} could not ${verb} the value`)
  }
}

function ownContext({ key, options, schema, table, column, primaryKey, siblings }: CodecContext): OwnCodecContext {
  return { key: plainKey(key), options, schema, table, column, primaryKey, siblings }
}

const plainKeys = new WeakMap<NamedKey, OwnCodecContext['key']>()

function plainKey(key: NamedKey): OwnCodecContext['key'] {
  const known = plainKeys.get(key)
  if (known !== undefined) return known
  const versions = Object.fromEntries([...key.versions].map(([id, version]) => [id, typeof version === 'string' ? version : Object.freeze({ ...version })]))
  const plain = Object.freeze({ current: key.current, versions: Object.freeze(versions) })
  plainKeys.set(key, plain)
  return plain
}

function readDecrypted(name: string, returned: unknown): Decrypted | null {
  if (returned === null) return null
  if (!isRecord(returned) || !isBytes(returned['plaintext'])) throw new CodecError('layout', `codec ${name}: decrypt must return {plaintext, meta} or null`)
  const { plaintext, meta, keyId } = returned
  return { plaintext: bufferOf(plaintext), meta, ...(typeof keyId === 'string' ? { keyId } : {}) }
}

function readEncrypted(name: string, returned: unknown): Encrypted | StoredValue {
  if (isBytes(returned)) return storedOf(returned)
  const stored = isRecord(returned) ? returned['stored'] : undefined
  const siblings = isRecord(returned) ? (returned['siblings'] ?? {}) : undefined
  if (!isBytes(stored) || !isRecord(siblings)) throw new CodecError('layout', `codec ${name}: encrypt must return bytes, text or {stored, siblings}`)
  const read = Object.entries(siblings).map(([column, value]): readonly [string, StoredValue | null] => {
    if (value !== null && !isBytes(value)) throw new CodecError('layout', `codec ${name}: encrypt must return bytes, text or null for each sibling`)
    return [column, value === null ? null : storedOf(value)]
  })
  return { stored: storedOf(stored), siblings: Object.fromEntries(read) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isBytes(value: unknown): value is OwnBytes {
  return typeof value === 'string' || value instanceof Uint8Array
}

function bufferOf(bytes: OwnBytes): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function storedOf(bytes: OwnBytes): StoredValue {
  return typeof bytes === 'string' ? bytes : bufferOf(bytes)
}
