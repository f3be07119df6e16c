import { examine } from '../../checks/examine.js'
import type { SampleRequest } from '../../checks/measure-rate.js'
import { applicationName } from '../../dataplane/names.js'
import { Pace } from '../../dataplane/pace.js'
import type { PlanDocument } from '../../domain/documents.js'
import { checkRoom } from '../../phases/check-room.js'
import type { RoomRequest } from '../../phases/check-room.js'
import { sql } from '../../postgres/sql.js'
import { cellNamed, openForSample, vaultOf } from '../cells.js'
import { checkParticipants } from '../check-participants.js'
import type { Connections } from '../connections.js'
import { countArriving } from '../journal.js'
import { planDocument } from '../plan-document.js'
import { assertDictionary } from '../wrong-dictionary.js'
import { sourceOf } from './endpoints.js'
import type { MoveRequest } from './endpoints.js'

/** The dry run: writes nothing anywhere. With `sample` a part of the rows goes through temporary tables of the target, which are rolled back. */
export async function plan(at: Connections, request: MoveRequest & { readonly sample?: boolean }): Promise<PlanDocument> {
  const source = await sourceOf(at, request)
  await assertDictionary({ settings: at.settings, cell: source, open: at.openCell })
  const examined = await examine({ ...examinationOf(at, request, source), ...(request.sample === true ? { sample: sampleOf(at, request.to) } : {}) })
  const elsewhere = await checkParticipants(at.settings, at.outside, { org: request.org, source, target: request.to, signal: at.signal })
  const { room, findings: ofRoom } = await checkRoom(await roomOf(at, request, source), examined)
  const rehearsed = await (await at.router()).rehearse({ org: request.org, from: source, to: request.to })
  return planDocument(at.settings, { org: request.org, source, target: request.to }, { ...examined, findings: [...examined.findings, ...ofRoom, ...elsewhere, ...rehearsed] }, { publications: await publicationsOf(at, source), room })
}

function examinationOf(at: Connections, request: MoveRequest, source: string): Parameters<typeof examine>[0] {
  return {
    org: request.org,
    source,
    target: request.to,
    tenancy: at.settings.tenancy,
    sequences: at.settings.sequences,
    databases: [...cellNamed(at.settings, source).databases.keys()],
    open: (side, database) => at.openCell(side === 'source' ? source : request.to, database),
    secrets: vaultOf(at.settings, { source, target: request.to }),
  }
}

async function roomOf(at: Connections, { org, to }: MoveRequest, source: string): Promise<RoomRequest> {
  const { capacity, databases } = cellNamed(at.settings, to)
  const control = await at.ready()
  return {
    org,
    source,
    target: to,
    capacity,
    databases: [...databases.keys()],
    open: (side, database) => at.openCell(side === 'source' ? source : to, database),
    router: await at.router(),
    arriving: () => countArriving(control, to, org),
    outside: at.outside,
    signal: at.signal,
  }
}

function sampleOf({ settings }: Connections, target: string): SampleRequest {
  const { maxBytesPerSecond } = settings.copy
  return {
    limits: settings.sample,
    openLoad: (database) => openForSample(settings, target, database, applicationName(null)),
    pace: new Pace({ maxBytesPerSecond, orders: async () => ({}), reasons: [], tell: async () => undefined }),
  }
}

/** Whose consumers see a purge as deletions. */
async function publicationsOf(at: Connections, cell: string): Promise<readonly string[]> {
  const names: string[] = []
  for (const database of cellNamed(at.settings, cell).databases.keys()) {
    await using session = await at.openCell(cell, database)
    for (const { name } of await session.rows<{ name: string }>(sql('prepare/publications'))) names.push(`${name} in ${database}`)
  }
  return names
}
