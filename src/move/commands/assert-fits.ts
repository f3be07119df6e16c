import type { MoveRow } from '../move-row.js'
import { wrongState } from '../wrong-state.js'

/** Which commands fit where a move stands. Each throws OM2006 and writes nothing. */

export function assertResumable(move: MoveRow): void {
  if (move.state === 'aborting') throw wrongState(move, 'is being aborted', `run \`org-mover abort ${move.id}\``)
  if (move.state === 'purging') throw wrongState(move, 'is being purged', `run \`org-mover purge ${move.id}\``)
  assertNotEnded(move)
}

/**
 * Who was asked about a move that another process drove did not agree to what that one rests for since: with `--pause-before cutover`
 * the next step is the flip. Throws OM2006.
 */
export function assertDidNotRest(move: MoveRow, asked: MoveRow): void {
  if (move.state !== 'paused' || asked.state === 'paused') return
  throw wrongState(move, `was ${asked.state} when this command was given, and has come to rest since (${move.phase ?? 'prepare'})`, `nothing was changed: look at \`org-mover status ${move.id}\`, then decide between \`org-mover resume ${move.id}\` and \`org-mover abort ${move.id}\``)
}

export function assertAbortable(move: MoveRow): void {
  if (move.cutOverAt !== null) throw wrongState(move, 'has cut over: it can only be completed', `the organization is served by ${move.target}; run \`org-mover resume ${move.id}\` or \`org-mover purge ${move.id}\``)
  assertNotEnded(move)
}

export function assertPurgeable(move: MoveRow): void {
  if (move.state !== 'cut_over' && move.state !== 'purging') throw wrongState(move, `is ${move.state}: only what has cut over can be purged`, `run \`org-mover status ${move.id}\``)
}

export function assertComparable(move: MoveRow): void {
  if (move.state === 'aborting') throw wrongState(move, 'is being aborted', 'there is nothing left to compare')
  assertNotEnded(move)
}

export function assertBeforeCutover(move: MoveRow): void {
  assertResumable(move)
  assertAbortable(move)
}

export function assertNotEnded(move: MoveRow): void {
  if (move.state === 'completed' || move.state === 'aborted') throw wrongState(move, `is ${move.state}`, 'there is nothing left to do')
}
