import { CodecError } from './codec.js'
import type { Codec, CodecContext, Encrypted, StoredValue } from './codec.js'
import { wrapOwnCodec } from './own-codec.js'
import type { OwnCodec } from './own-codec.js'

type Versions = Readonly<Record<string, string | Readonly<Record<string, string>>>>

export interface CodecTrial {
  /** Two keys of which neither knows a version of the other, as two cells have them; the last version of each is current. */
  readonly source: Versions
  readonly target: Versions
  readonly options?: CodecContext['options']
  readonly table?: string
  readonly column?: string
  /** What the application encrypts; empty and long values and such with any bytes are tried besides. */
  readonly plaintexts?: readonly (Buffer | string)[]
  /** Values that the column may hold in the clear. */
  readonly clear?: readonly StoredValue[]
  /** Values that the application itself wrote with the source's key, and what they are. */
  readonly vectors?: readonly { readonly stored: StoredValue; readonly plaintext: Buffer | string; readonly siblings?: CodecContext['siblings'] }[]
  /** Whether equal plaintexts must yield equal values. */
  readonly deterministic?: boolean
}

/**
 * Tries an own codec as a move would use it: what it wrote or the application wrote is read, written anew and read with the other key; equal values stay
 * equal where they were; a changed or shortened value and another key are refused; values in the clear are known as such. Yields what
 * failed, one sentence each; an empty list means that all held.
 */
export async function tryCodec(own: OwnCodec, trial: CodecTrial): Promise<readonly string[]> {
  const codec = wrapOwnCodec(own)
  const [source, target] = [contextOf(trial, trial.source), contextOf(trial, trial.target)]
  const failures: string[] = []
  const note = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const held = await holds().catch((thrown: unknown) => (thrown instanceof Error ? thrown.message : 'it threw what is no error'))
    if (held !== true) failures.push(typeof held === 'string' ? `${what}: ${held}` : what)
  }
  for (const plaintext of [...(trial.plaintexts ?? []), '', 'x', 'ü'.repeat(2000), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))].map(bufferOf)) {
    const about = `a plaintext of ${plaintext.length} bytes`
    await note(`${about} does not come back`, async () => await survives(codec, await seal(codec, plaintext, source), plaintext, source, target))
    await note(`${about} is ${trial.deterministic === true ? 'not ' : ''}the same value when written twice`, async () => (await isRepeated(codec, plaintext, source)) === (trial.deterministic === true))
    if (plaintext.length > 0) await note(`${about} is read although value or key is another`, async () => await refusesOthers(codec, await seal(codec, plaintext, source), plaintext, source, target))
  }
  for (const [index, { stored, plaintext, siblings = {} }] of (trial.vectors ?? []).entries()) {
    await note(`vector ${index} is not read, or not written anew`, async () => await survives(codec, { stored, siblings }, bufferOf(plaintext), source, target))
  }
  for (const [index, value] of (trial.clear ?? []).entries()) {
    await note(`value ${index} in the clear is not known as such`, async () => (await codec.decrypt(value, source)) === null)
  }
  return failures
}

function contextOf({ options = {}, table = 'things', column = 'secret' }: CodecTrial, versions: Versions): CodecContext {
  const current = Object.keys(versions).at(-1) ?? ''
  return { key: { current, versions: new Map(Object.entries(versions)) }, options, schema: 'public', table, column, primaryKey: { id: '1' }, siblings: {} }
}

async function seal(codec: Codec, plaintext: Buffer, context: CodecContext, meta?: unknown): Promise<Required<Encrypted>> {
  const sealed = await codec.encrypt(plaintext, { ...context, meta })
  return typeof sealed === 'object' && 'stored' in sealed ? { stored: sealed.stored, siblings: sealed.siblings ?? {} } : { stored: sealed, siblings: {} }
}

/** Meta goes through a copy, as it does on the way from cell to cell. */
async function survives(codec: Codec, { stored, siblings }: Required<Encrypted>, plaintext: Buffer, source: CodecContext, target: CodecContext): Promise<boolean> {
  const opened = await codec.decrypt(stored, { ...source, siblings })
  if (opened?.plaintext.equals(plaintext) !== true) return false
  const moved = await seal(codec, opened.plaintext, target, structuredClone(opened.meta))
  const again = await codec.decrypt(moved.stored, { ...target, siblings: moved.siblings })
  return again?.plaintext.equals(plaintext) === true && typeof moved.stored === typeof stored
}

async function isRepeated(codec: Codec, plaintext: Buffer, context: CodecContext): Promise<boolean> {
  const [first, second] = [await seal(codec, plaintext, context), await seal(codec, plaintext, context)]
  return JSON.stringify(first) === JSON.stringify(second)
}

async function refusesOthers(codec: Codec, { stored, siblings }: Required<Encrypted>, plaintext: Buffer, source: CodecContext, target: CodecContext): Promise<boolean> {
  if (!(await isRefused(codec, stored, { ...target, siblings }, null))) return false
  const step = Math.max(1, Math.floor(stored.length / 100))
  for (let at = 0; at < stored.length; at += step) {
    for (const changed of [cut(stored, at), flip(stored, at)]) if (!(await isRefused(codec, changed, { ...source, siblings }, typeof stored === 'string' ? plaintext : null))) return false
  }
  return true
}

/** Bits of text that carry nothing, as in the last character of base64, may change without the plaintext changing. */
async function isRefused(codec: Codec, stored: StoredValue, context: CodecContext, unchanged: Buffer | null): Promise<boolean> {
  try {
    const opened = await codec.decrypt(stored, context)
    return opened === null || (unchanged !== null && opened.plaintext.equals(unchanged))
  } catch (thrown) {
    return thrown instanceof CodecError
  }
}

function cut(stored: StoredValue, at: number): StoredValue {
  return typeof stored === 'string' ? stored.slice(0, at) : stored.subarray(0, at)
}

function flip(stored: StoredValue, at: number): StoredValue {
  if (typeof stored === 'string') return stored.slice(0, at) + (stored[at] === 'A' ? 'B' : 'A') + stored.slice(at + 1)
  return Buffer.from(stored.map((byte, index) => (index === at ? byte ^ 1 : byte)))
}

function bufferOf(bytes: Buffer | string): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes
}
