import type { MoveDocument } from '../domain/documents.js'
import type { MoverError } from '../domain/errors.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { appendEvent } from './journal-events.js'
import { loadMove } from './journal.js'
import { moveDocument } from './move-document.js'
import type { MoveRow } from './move-row.js'
import { whoAmI } from './who-am-i.js'
import { wrongState } from './wrong-state.js'

/**
 * Asks the driver of a move, wherever it runs, to rest at the next chunk or phase; it does not wait for that. Told through the control
 * database: no lease is taken. Throws OM2006 where nobody drives the move, or its route is flipping.
 */
export async function requestPause(control: Session, moveId: string): Promise<MoveDocument> {
  const rows = await control.rows(sql('journal/request-pause'), [moveId, whoAmI()])
  if (rows.length === 0) throw notDriven(await loadMove(control, moveId))
  await appendEvent(control, moveId, { who: whoAmI(), command: 'pause', kind: 'pause requested' })
  return moveDocument(control, moveId)
}

export function assertPausable(move: MoveRow): void {
  if (move.state === 'completed' || move.state === 'aborted') throw wrongState(move, `is ${move.state}`, 'there is nothing left to pause')
  if (move.leaseHolder === null || (move.leaseSecondsLeft ?? 0) <= 0) throw notDriven(move)
}

function notDriven(move: MoveRow): MoverError {
  const was = move.leaseHolder === null ? '' : `; ${move.leaseHolder} was last heard of ${Math.round(move.heardSeconds)} s ago`
  return wrongState(move, `is ${move.state}, and nobody drives it${was}: it rests already`, `\`org-mover status ${move.id}\` says where it stands, \`org-mover resume ${move.id}\` goes on`)
}
