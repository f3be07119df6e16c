import type { Field } from '../dataplane/copy-text.js'
import type { Side } from '../domain/vocabulary.js'
import { CodecError } from './codec.js'
import { chain } from './maybe.js'
import type { Maybe } from './maybe.js'
import { replaceSecrets } from './secret-column.js'
import type { ColumnRow, FoundSecret, Replacement, SecretColumn } from './secret-column.js'
import { openSecret, sealSecret, secretDigest } from './secret-value.js'
import type { Opened } from './secret-value.js'

/** Told of each secret value, as it was found. */
export type Witness = (side: Side, opened: Opened) => void

/** Opens with the key of the source. Throws CodecError where that cannot be done and nothing is declared for it. */
export function openOrRefuse({ value, rules, place }: FoundSecret, witness: Witness): Maybe<Opened> {
  return chain(openSecret(value, rules, 'source', place), (opened) => {
    witness('source', opened)
    if (opened.kind === 'unreadable' && opened.policy === 'stop') throw new CodecError('layout', opened.reason)
    return opened
  })
}

/** What stands in the place of an opened value: written with the key of the target, or as is declared for what was not opened. */
export function writtenAnew(opened: Opened, { value, place }: Pick<FoundSecret, 'value' | 'place'>): Maybe<Replacement> {
  if (opened.kind === 'unreadable' && opened.policy === 'null') return { stored: null }
  return opened.kind === 'opened' ? sealSecret(opened, place) : { stored: value }
}

/** What a column, and its siblings, must hold on the target: by place. Throws CodecError for a value that cannot be encrypted anew. */
export function reencryptColumn(column: SecretColumn, row: ColumnRow, witness: Witness): Maybe<ReadonlyMap<number, Field>> {
  return replaceSecrets(column, row, (found) => chain(openOrRefuse(found, witness), (opened) => writtenAnew(opened, found)))
}

export interface DigestRequest {
  readonly side: Side
  readonly key: Buffer
  /** The row as the target names it: what the digest is bound to. */
  readonly bound: string
  readonly witness: Witness
}

/** A digest of the column that does not depend on the cell's key; null for NULL. */
export function digestColumn(column: SecretColumn, row: ColumnRow, { side, key, bound, witness }: DigestRequest): Maybe<Buffer | null> {
  const place = `${column.name}\0${bound}`
  const isWhole = column.groups.every(({ path }) => path === null)
  let whole: Buffer | null = null
  const replaced = replaceSecrets(column, row, ({ value, rules, place: at }) =>
    chain(openSecret(value, rules, side, at), (opened) => {
      witness(side, opened)
      const digest = secretDigest(key, opened, value, place)
      whole = digest
      return { stored: digest === null ? null : digest.toString('base64') }
    }),
  )
  return chain(replaced, (written) => {
    const field = written.has(column.place) ? written.get(column.place) : row.values[column.place]
    if (field == null) return null
    // a document is what is around its secrets as well, and a column without a rule for its row what it holds
    return isWhole && written.has(column.place) ? whole : secretDigest(key, CLEAR, field, place)
  })
}

const CLEAR: Opened = { kind: 'clear' }
