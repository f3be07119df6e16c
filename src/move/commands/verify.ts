import type { MoveDocument } from '../../domain/documents.js'
import { verify as verifyMove } from '../../phases/verify.js'
import { verifyManifest } from '../../phases/verify-manifest.js'
import type { Connections } from '../connections.js'
import { drive } from '../drive.js'
import { listPhaseRuns } from '../journal-phases.js'
import { loadMove } from '../journal.js'
import { wrongState } from '../wrong-state.js'
import { assertComparable } from './assert-fits.js'
import type { MoveIo } from './command-io.js'

/** Before the cutover source against target, after it source against manifest. Throws OM2006 where nothing was copied. */
export async function verify(at: Connections, moveId: string, io: MoveIo): Promise<MoveDocument> {
  const control = await at.ready()
  const move = await loadMove(control, moveId)
  const runs = await listPhaseRuns(control, move.id)
  const copied = runs.some((run) => run.phase === 'copy' && run.outcome === 'done')
  if (!copied) throw wrongState(move, 'has not been copied yet', `run \`org-mover resume ${move.id}\``)
  assertComparable(move)
  return drive(await at.driveOptions(move, 'verify', io, assertComparable), { state: () => null }, async ({ ctx, journal }) => {
    await (journal.row.cutOverAt === null ? verifyMove(ctx) : verifyManifest(ctx))
    // what stopped the move before is not an error of this command
    await journal.update({ error: null })
  })
}
