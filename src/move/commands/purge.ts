import type { MoveDocument } from '../../domain/documents.js'
import { MoverError } from '../../domain/errors.js'
import type { MoveState } from '../../domain/vocabulary.js'
import { assertMayPurge, purge as purgeSource } from '../../phases/purge.js'
import type { Connections } from '../connections.js'
import { drive } from '../drive.js'
import { listPhaseRuns } from '../journal-phases.js'
import { loadMove } from '../journal.js'
import { moveDocument } from '../move-document.js'
import { wrongState } from '../wrong-state.js'
import { assertPurgeable } from './assert-fits.js'
import { declined, settled } from './command-io.js'
import type { MoveIo } from './command-io.js'

/** Deletes the source's rows for good; asks once it is proven that it may (P9). */
export async function purge(at: Connections, moveId: string, options: { readonly waiveRetention?: string }, io: MoveIo): Promise<MoveDocument> {
  const control = await at.ready()
  const move = await loadMove(control, moveId)
  if (move.state === 'completed') return settled(await moveDocument(control, move.id))
  assertPurgeable(move)
  const runs = await listPhaseRuns(control, move.id)
  if (!runs.some((run) => run.phase === 'cutover' && run.outcome === 'done')) throw wrongState(move, 'has flipped the route, but its cutover has not ended: the target may still be fenced', `run \`org-mover resume ${move.id}\` first`)
  if (options.waiveRetention !== undefined && options.waiveRetention !== move.org) {
    throw new MoverError({ code: 'OM1004', message: `--waive-retention names organization ${options.waiveRetention}, this move is of ${move.org}; nothing was deleted`, hint: 'name the organization of the move', retry: 'after-fix' })
  }
  const driving = { ...(await at.driveOptions(move, 'purge', io, assertPurgeable)), waiveRetention: options.waiveRetention !== undefined }
  let state: MoveState = move.state
  return drive(driving, { state: () => state }, async ({ ctx, journal, phases }) => {
    await assertMayPurge(ctx)
    if (!(await io.confirm([`delete organization ${move.org} from ${move.source}: ${Object.values(ctx.journal.manifest().rows ?? {}).reduce((sum, n) => sum + n, 0)} rows, for good`]))) throw declined()
    state = 'purging'
    await journal.update({ state, error: null })
    await phases.begin('purge')
    await purgeSource(ctx)
    await phases.end('purge')
    await journal.update({ state: 'completed', endedAt: 'now' })
  })
}
