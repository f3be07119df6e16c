import type { Field } from '../dataplane/copy-text.js'
import type { Side } from '../domain/vocabulary.js'
import { CodecError } from './codec.js'
import { replaceSecrets } from './secret-column.js'
import type { ColumnRow, FoundSecret, Replacement, SecretColumn } from './secret-column.js'
import { openSecret, sealSecret, secretDigest } from './secret-value.js'
import type { Opened } from './secret-value.js'

/** Told of each secret value, as it was found. */
export type Witness = (side: Side, opened: Opened) => void

/** Opens with the key of the source. Throws CodecError where that cannot be done and nothing is declared for it. */
export async function openOrRefuse({ value, rules, place }: FoundSecret, witness: Witness): Promise<Opened> {
  const opened = await openSecret(value, rules, 'source', place)
  witness('source', opened)
  if (opened.kind === 'unreadable' && opened.policy === 'stop') throw new CodecError('layout', opened.reason)
  return opened
}

/** What stands in the place of an opened value: written with the key of the target, or as is declared for what was not opened. */
export async function writtenAnew(opened: Opened, { value, place }: Pick<FoundSecret, 'value' | 'place'>): Promise<Replacement> {
  if (opened.kind === 'unreadable' && opened.policy === 'null') return { stored: null }
  return opened.kind === 'opened' ? sealSecret(opened, place) : { stored: value }
}

/** What a column, and its siblings, must hold on the target: by place. Throws CodecError for a value that cannot be encrypted anew. */
export async function reencryptColumn(column: SecretColumn, row: ColumnRow, witness: Witness): Promise<ReadonlyMap<number, Field>> {
  return replaceSecrets(column, row, async (found) => writtenAnew(await openOrRefuse(found, witness), found))
}

/** A digest of the column that does not depend on the cell's key; null for NULL. */
export async function digestColumn(column: SecretColumn, row: ColumnRow, side: Side, key: Buffer, witness: Witness): Promise<string | null> {
  const written = await replaceSecrets(column, row, async ({ value, rules, place }) => {
    const opened = await openSecret(value, rules, side, place)
    witness(side, opened)
    return { stored: secretDigest(key, opened, value) }
  })
  const digested = written.has(column.place) ? (written.get(column.place) ?? null) : (row.values[column.place] ?? null)
  return digested === null ? null : secretDigest(key, { kind: 'clear' }, digested)
}
