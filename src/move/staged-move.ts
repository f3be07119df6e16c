import type { Settings } from '../config/settings.js'
import type { MovePhase } from '../domain/vocabulary.js'
import type { MoveContext } from '../phases/context.js'
import { isStaged } from '../phases/staged-secrets.js'
import type { Session } from '../postgres/session.js'
import type { BoundJournal } from './bound-journal.js'
import { listPhaseRuns } from './journal-phases.js'
import { loadMove } from './journal.js'
import type { MoveRow } from './move-row.js'
import { wrongState } from './wrong-state.js'

/** The move that `secrets seal` and `secrets open` work on: its secrets travel sealed, `past` has ended, and it has not cut over. Throws OM1007, OM2006. */
export async function stagedMove(control: Session, request: { readonly mode: Settings['secrets']['mode']; readonly moveId: string; readonly past: MovePhase }): Promise<MoveRow> {
  const move = await loadMove(control, request.moveId)
  if (request.mode !== 'staged') throw wrongState(move, 'does not seal its secrets: secrets.mode is inline', 'set secrets.mode: staged before the move begins')
  const isPast = (await listPhaseRuns(control, move.id)).some((run) => run.phase === request.past && run.outcome === 'done')
  if (move.cutOverAt === null && isPast && move.state !== 'aborting' && move.state !== 'aborted') return move
  throw wrongState(move, `is ${move.state}${isPast ? '' : `, and its ${request.past} has not ended`}`, `run \`org-mover status ${move.id}\``)
}

/** Secrets are sealed between freeze and copy, and opened between copy and verify, each by somebody else: whether the move rests for that now. */
export async function awaitsSecrets(ctx: MoveContext, journal: BoundJournal, phase: MovePhase): Promise<boolean> {
  if (!journal.hasPlan() || !isStaged(ctx)) return false
  const { sealed, opened } = journal.manifest()
  const awaits = phase === 'copy' && sealed === undefined ? 'seal' : phase === 'verify' && opened !== true ? 'open' : null
  if (awaits === null) return false
  await journal.addToManifest({ awaits })
  await journal.update({ phase })
  return true
}
