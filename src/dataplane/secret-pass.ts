import type { Transform } from 'node:stream'
import type { Side } from '../domain/vocabulary.js'
import type { TableShape } from '../domain/move-plan.js'
import type { Field } from './copy-text.js'
import type { EditPlan } from './secret-edit.js'

/** What a pass is given of one row. */
export interface SecretRow {
  /** Values of `columns`, as stored. */
  readonly values: readonly Field[]
  /** Whether each of `conditions` holds. */
  readonly holds: readonly boolean[]
  /** The row's key as its side holds it, in the order of the table's identity; a digest of the rest of the row where it has none. */
  readonly key: readonly string[]
}

/**
 * What becomes of the secrets of one table on their way, and what of them both sides can be compared by. The data plane knows that some columns
 * must be looked at and no more; what a secret is, and its keys, the implementation knows (P8).
 */
export interface SecretPass {
  /** Columns that are read, and written, for it: secrets and what belongs to them, such as an iv. */
  readonly columns: readonly string[]
  /** Columns that do not compare by what is stored: those, and what is generated out of them. */
  readonly hidden: readonly string[]
  /** Boolean SQL over alias t, asked with each row. */
  readonly conditions: readonly string[]
  /** What each of `digests` speaks of. Empty where this process has no keys: the columns then pass as they are, and are compared in another way. */
  readonly secrets: readonly string[]
  /**
   * The values that the target must hold, from those of the source. `targetKey` is the row's key there. Throws MoverError, naming the row and
   * never a value, where a secret cannot be opened.
   */
  readonly reencrypt: (row: SecretRow, targetKey: readonly string[]) => readonly Field[] | Promise<readonly Field[]>
  /** The stage that does that to a stream's rows in another thread, where there is one. */
  readonly stage?: (plan: EditPlan) => Transform
  /** For each of `secrets` why it cannot be encrypted anew, in words without a byte of it, or null. Writes nothing. */
  readonly prove: (side: Side, row: SecretRow) => readonly (string | null)[] | Promise<readonly (string | null)[]>
  /** For each of `secrets` a keyed digest of 32 bytes, bound to the row, equal on both sides where the plaintexts are, and null for NULL. The key is of this process. */
  readonly digests: (side: Side, row: SecretRow, targetKey: readonly string[]) => readonly (Buffer | null)[] | Promise<readonly (Buffer | null)[]>
}

/** The pass of each table; null for those without a secret, whose rows are never looked at. */
export type SecretPasses = (table: Pick<TableShape, 'no'>) => SecretPass | null
