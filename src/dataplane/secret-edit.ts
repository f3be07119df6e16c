import type { Field, RowEdit } from './copy-text.js'
import type { SecretPass } from './secret-pass.js'

/** Where the fields that a pass works on stand in the rows of a stream. Plain data: it may go to another thread. */
export interface EditPlan {
  readonly reads: readonly number[]
  readonly writes: readonly number[]
  readonly kept: number
  /** Among the fields read: where values, conditions and the source's key end; the target's key follows. */
  readonly ends: readonly [values: number, holds: number, key: number]
  /** Which of the pass's columns go on, in the order of `writes`. */
  readonly goesOn: readonly number[]
}

/** The rows' secrets encrypted anew by this pass. */
export function secretEdit(pass: Pick<SecretPass, 'reencrypt'>, { reads, writes, kept, ends, goesOn }: EditPlan): RowEdit {
  const [valuesEnd, holdsEnd, keyEnd] = ends
  const text = (field: Field): string => field?.toString('utf8') ?? ''
  const pick = (edited: readonly Field[]): readonly Field[] => goesOn.map((n) => edited[n] ?? null)
  return {
    reads,
    writes,
    kept,
    edit: (fields) => {
      const row = { values: fields.slice(0, valuesEnd), holds: fields.slice(valuesEnd, holdsEnd).map(isTrue), key: fields.slice(holdsEnd, keyEnd).map(text) }
      const edited = pass.reencrypt(row, fields.slice(keyEnd).map(text))
      return edited instanceof Promise ? edited.then(pick) : pick(edited)
    },
  }
}

/** A boolean as COPY prints it. */
export function isTrue(field: Field): boolean {
  return field?.[0] === 't'.charCodeAt(0)
}
