import type { StoredValue } from '../codec.js'

/** The least that `meta` tells: whether the column is a bytea. */
export interface StoredForm {
  readonly bytes: boolean
}

const TEXT: StoredForm = { bytes: false }
const BYTES: StoredForm = { bytes: true }

export function formOf(stored: StoredValue): StoredForm {
  return typeof stored === 'string' ? TEXT : BYTES
}

/** Whether a value goes into a bytea; one that was never encrypted goes into text. */
export function isBytea(meta: unknown): boolean {
  return member(meta, 'bytes') === true
}

/** A member of what an earlier `decrypt` left in `meta`, which may have been written out and read in again. */
export function member(meta: unknown, name: string): unknown {
  return typeof meta === 'object' && meta !== null ? (meta as Readonly<Record<string, unknown>>)[name] : undefined
}

/** Text as the column holds it. */
export function inFormOf(meta: unknown, text: string): StoredValue {
  return isBytea(meta) ? Buffer.from(text, 'latin1') : text
}
