import type { PaceOrders } from '../../dataplane/pace.js'
import type { MoveDocument } from '../../domain/documents.js'
import type { Connections } from '../connections.js'
import { appendEvent } from '../journal-events.js'
import { loadMove } from '../journal.js'
import { moveDocument } from '../move-document.js'
import { assertPausable, requestPause } from '../pause-move.js'
import { orderPace } from '../throttle.js'
import { whoAmI } from '../who-am-i.js'
import { assertNotEnded } from './assert-fits.js'
import { declined, settled } from './command-io.js'
import type { MoveIo } from './command-io.js'

/** Asks the driver of the move to rest; through the control database, from any machine. */
export async function pause(at: Connections, moveId: string, io: Pick<MoveIo, 'confirm'>): Promise<MoveDocument> {
  const control = await at.ready()
  const move = await loadMove(control, moveId)
  if (move.state === 'paused') return settled(await moveDocument(control, move.id))
  assertPausable(move)
  if (!(await io.confirm([`ask ${move.leaseHolder ?? 'the driver'} to pause the move of organization ${move.org} at the next chunk or phase${move.frozenAt === null || move.cutOverAt !== null ? '' : '; the organization stays frozen'}`]))) throw declined()
  return requestPause(control, move.id)
}

/** Orders another pace, likewise. */
export async function throttle(at: Connections, moveId: string, orders: PaceOrders): Promise<MoveDocument> {
  const control = await at.ready()
  const move = await loadMove(control, moveId)
  assertNotEnded(move)
  await orderPace(control, move.id, orders)
  await appendEvent(control, move.id, { who: whoAmI(), command: 'throttle', kind: 'throttled', detail: { ...orders } })
  return settled(await moveDocument(control, move.id))
}
