import type { MoveDocument } from '../../domain/documents.js'
import type { MoverError } from '../../domain/errors.js'
import type { MoveState } from '../../domain/vocabulary.js'
import { abort as abortMove } from '../../phases/abort.js'
import type { Connections } from '../connections.js'
import { drive } from '../drive.js'
import { loadMove } from '../journal.js'
import { moveDocument } from '../move-document.js'
import { wrongState } from '../wrong-state.js'
import { assertAbortable } from './assert-fits.js'
import { declined, settled } from './command-io.js'
import type { MoveIo } from './command-io.js'

export async function abort(at: Connections, moveId: string, io: MoveIo): Promise<MoveDocument> {
  const control = await at.ready()
  const move = await loadMove(control, moveId)
  if (move.state === 'aborted') return settled(await moveDocument(control, move.id))
  assertAbortable(move)
  if (!(await io.confirm([`abort the move of organization ${move.org}: ${move.source} serves it again, what was loaded on ${move.target} is deleted`]))) throw declined()
  return drive(await at.driveOptions(move, 'abort', io, assertAbortable), { state: unlessRouted }, async ({ ctx, journal }) => {
    if (await journal.isCutOver()) throw wrongState(move, 'has cut over: it can only be completed', `run \`org-mover resume ${move.id}\``)
    await journal.update({ state: 'aborting', error: null })
    await abortMove(ctx)
    await journal.update({ state: 'aborted', thawedAt: 'now', endedAt: 'now' })
  })
}

/** Whoever could not be told where the route leads has taken nothing back yet: the move can still go either way. */
function unlessRouted({ code }: MoverError): MoveState | null {
  return code === 'OM5001' || code === 'OM3014' || code === 'OM3015' ? null : 'aborting'
}
