import { MoverError } from '../domain/errors.js'
import type { MoveRow } from './move-row.js'

/** A command that does not fit where the move stands. */
export function wrongState(move: MoveRow, what: string, hint: string): MoverError {
  return new MoverError({ code: 'OM2006', message: `move ${move.id} ${what}`, hint, retry: 'after-fix', context: { moveId: move.id } })
}
