import type { DoneDocument } from '../../domain/documents.js'
import { MoverError } from '../../domain/errors.js'
import { appendEvent } from '../journal-events.js'
import { listMoves } from '../journal.js'
import type { Connections } from '../connections.js'
import { cellNamed } from '../cells.js'
import { whoAmI } from '../who-am-i.js'
import { declined } from './command-io.js'
import type { MoveIo } from './command-io.js'
import { unknownOrganization } from './endpoints.js'
import { OPEN_STATES } from './list.js'

export async function getRoute(at: Connections, org: string): Promise<DoneDocument> {
  const route = await (await at.router()).read(org)
  if (route === null) throw unknownOrganization(org)
  return { done: [`organization ${org} is served by ${route.cell}`], org, cell: route.cell, epoch: route.epoch === null ? null : Number(route.epoch), error: null }
}

/** Writes the route by hand; moves no row. Throws OM2003 where a move of the organization has not ended. */
export async function setRoute(at: Connections, org: string, cell: string, { confirm }: Pick<MoveIo, 'confirm'>): Promise<DoneDocument> {
  cellNamed(at.settings, cell)
  const control = await at.ready()
  const [active] = await listMoves(control, { org, states: OPEN_STATES })
  const router = await at.router()
  const before = await router.read(org).catch(() => null)
  if (active !== undefined && active.state !== 'cut_over') throw new MoverError({ code: 'OM2003', message: `organization ${org} has a move that has not ended (${active.id}, ${active.state}); its route was not changed`, hint: `resume or abort it first`, retry: 'after-fix' })
  if (!(await confirm([`route organization ${org} to ${cell}${before === null ? '' : ` (now ${before.cell})`}; no row is moved`]))) throw declined()
  const route = await router.set(org, cell)
  await appendEvent(control, null, { who: whoAmI(), command: 'route set', kind: 'route', detail: { org, cell } })
  return { done: [`organization ${org} is routed to ${cell}`], org, cell, epoch: route.epoch === null ? null : Number(route.epoch), error: null }
}
