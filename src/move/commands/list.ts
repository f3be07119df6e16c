import type { ListDocument } from '../../domain/documents.js'
import { ENDED_STATES, MOVE_STATES } from '../../domain/vocabulary.js'
import type { MoveState } from '../../domain/vocabulary.js'
import type { Connections } from '../connections.js'
import { listPhaseRuns } from '../journal-phases.js'
import { listMoves } from '../journal.js'
import { moveSummary } from '../move-document.js'

export const OPEN_STATES: readonly MoveState[] = MOVE_STATES.filter((state) => !(ENDED_STATES as readonly MoveState[]).includes(state))

export async function list(at: Connections, filter: { readonly org?: string; readonly state?: MoveState; readonly openOnly?: boolean }): Promise<ListDocument> {
  const control = await at.ready()
  const states = filter.state === undefined ? (filter.openOnly === true ? OPEN_STATES : undefined) : [filter.state]
  const heads = await listMoves(control, { ...(filter.org === undefined ? {} : { org: filter.org }), ...(states === undefined ? {} : { states }) })
  const moves = []
  for (const head of heads) moves.push(moveSummary(head, await listPhaseRuns(control, head.id)))
  return { moves, error: null }
}
