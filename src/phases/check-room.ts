import { z } from 'zod'
import type { CapacitySettings } from '../config/settings.js'
import type { Examined } from '../checks/examine.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { roomFindings } from '../domain/room.js'
import type { Room, RoomFor } from '../domain/room.js'
import type { Side } from '../domain/vocabulary.js'
import type { Outside } from '../outside/call.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { Router } from '../routing/router.js'

export interface RoomRequest {
  readonly org: string
  readonly source: string
  readonly target: string
  /** Of the target; null where its room does not matter. */
  readonly capacity: CapacitySettings | null
  readonly databases: readonly string[]
  readonly open: (side: Side, database: string) => Promise<Session>
  readonly router: Router
  /** Other organizations that are on their way to the target. */
  readonly arriving: () => Promise<number>
  readonly outside: Outside
  readonly signal: AbortSignal
}

const probeAnswer = z.object({ bytes_free: z.number().nullish(), organizations_free: z.number().nullish() })

/**
 * Whether the target has room for the organization, as far as its capacity is configured: its size on disk, routes counted up to the limit, and the answer of a probe.
 * Writes nothing. A cell without capacity is not asked anything; nor is one for an organization that could not be counted.
 */
export async function checkRoom(request: RoomRequest, examined: Examined): Promise<{ readonly room: Room | null; readonly findings: readonly Finding[] }> {
  const { capacity, target } = request
  if (capacity === null || examined.rows.size === 0) return { room: null, findings: [] }
  const needBytes = await neededBytes(request, examined)
  const bytes: RoomFor[] = capacity.bytes === null ? [] : [{ need: needBytes, free: capacity.bytes - (await usedBytes(request)), by: `size of its databases, of ${capacity.bytes.toLocaleString('en-US')} bytes` }]
  const organizations: RoomFor[] = capacity.organizations === null ? [] : [await freePlaces(request, capacity.organizations)]
  const unanswered: Finding[] = []
  if (capacity.probe !== null) {
    try {
      const { bytes_free: free, organizations_free: places } = await ask(request, capacity.probe, needBytes)
      if (free != null) bytes.push({ need: needBytes, free, by: 'its probe' })
      if (places != null) organizations.push({ need: 1, free: places, by: 'its probe' })
    } catch (error) {
      request.signal.throwIfAborted()
      unanswered.push(finding('OM2135', 'error', { cell: target }, { message: `the probe of the capacity of ${target} did not tell how much room there is: ${error instanceof Error ? error.message : 'it failed'}`, hint: `correct cells.${target}.capacity.probe; its output is in the log` }))
    }
  }
  const room = { needBytes, bytes, organizations }
  return { room, findings: [...roomFindings(target, room), ...unanswered] }
}

/** Rows as they are stored, with the share of indexes that their tables have on the source. */
async function neededBytes({ open }: RoomRequest, { plan, rows, reads }: Examined): Promise<number> {
  let bytes = 0
  for (const database of plan.databases) {
    const tables = plan.owned.filter((table) => table.id.database === database && (rows.get(table.no) ?? 0) > 0)
    if (tables.length === 0) continue
    await using session = await open('source', database)
    const shares = await indexShares(session, tables)
    for (const [n, table] of tables.entries()) bytes += (reads.get(table.no)?.bytes ?? 0) * (1 + (shares.get(n + 1) ?? 0))
  }
  return Math.ceil(bytes)
}

async function indexShares(session: Session, tables: readonly OwnedTable[]): Promise<ReadonlyMap<number, number>> {
  const sizes = await session.rows<{ n: number; table_bytes: string; index_bytes: string }>(sql('prepare/relation-sizes'), [tables.map(({ id }) => id.schema), tables.map(({ id }) => id.name)])
  return new Map(sizes.map((size) => [size.n, Number(size.index_bytes) / Math.max(1, Number(size.table_bytes))]))
}

async function usedBytes({ databases, open }: RoomRequest): Promise<number> {
  let bytes = 0
  for (const database of databases) {
    await using session = await open('target', database)
    bytes += Number((await session.one<{ bytes: string }>(sql('prepare/database-size'))).bytes)
  }
  return bytes
}

/** Those on their way count: two moves at once may not both take the last place. */
async function freePlaces({ router, target, arriving }: RoomRequest, limit: number): Promise<RoomFor> {
  const [served, coming] = [await router.count(target, limit), await arriving()]
  return { need: 1, free: limit - (served ?? 0) - coming, by: `${served ?? 0} route(s) counted in the routing table and ${coming} other move(s) on the way, of ${limit}` }
}

async function ask({ outside, org, source, target, signal }: RoomRequest, probe: NonNullable<CapacitySettings['probe']>, needBytes: number): Promise<z.infer<typeof probeAnswer>> {
  const text = await outside.call({
    callee: probe,
    purpose: `capacity of ${target}`,
    input: { cell: target, org, source, needs: { bytes: needBytes, organizations: 1 } },
    variables: { ORG_MOVER_CELL: target, ORG_MOVER_ORG: org },
    timeoutMs: probe.timeoutMs,
    idempotencyKey: null,
    signal,
  })
  const answer = probeAnswer.safeParse(parsed(text))
  if (answer.success) return answer.data
  throw new Error('it did not answer {"bytes_free": number, "organizations_free": number}')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
