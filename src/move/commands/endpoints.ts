import { MoverError } from '../../domain/errors.js'
import { cellNamed } from '../cells.js'
import type { Connections } from '../connections.js'

export interface MoveRequest {
  readonly org: string
  readonly to: string
  readonly from?: string
}

/** Which cell the organization leaves: routing's word, or --from where routing knows nothing. Throws OM1005, OM1006, OM2001, OM2002. */
export async function sourceOf(at: Connections, request: MoveRequest): Promise<string> {
  cellNamed(at.settings, request.to)
  if (request.from !== undefined) cellNamed(at.settings, request.from)
  await at.ready()
  const route = await (await at.router()).read(request.org)
  const source = route?.cell ?? request.from
  if (source === undefined) throw unknownOrganization(request.org)
  if (request.from !== undefined && request.from !== source) {
    throw new MoverError({ code: 'OM2002', message: `routing says that ${source} serves organization ${request.org}, not ${request.from}`, hint: 'leave --from out, or repair the route with `org-mover route set`', retry: 'after-fix' })
  }
  if (source === request.to) throw new MoverError({ code: 'OM2001', message: `organization ${request.org} is on ${request.to} already`, hint: 'nothing to do, or name another cell', retry: 'never' })
  return source
}

export function unknownOrganization(org: string): MoverError {
  return new MoverError({ code: 'OM1006', message: `routing knows nothing of organization ${org}`, hint: 'check the id, or name the cell that serves it with --from (the first route is then made for it)', retry: 'after-fix' })
}
