import { tableKey } from '../domain/catalog.js'
import type { Catalog, TableName } from '../domain/catalog.js'
import { catalogFingerprint } from '../domain/compare-catalogs.js'
import { MoverError } from '../domain/errors.js'
import { allTables } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { readCatalog } from '../postgres/read-catalog.js'
import { isOwnedRow } from '../dataplane/owned-rows.js'
import { unfencedTables } from '../dataplane/subscribed-tables.js'
import { qualified } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import type { Session } from '../postgres/session.js'
import { existingTriggers, expectedTriggers } from '../fence/install-fence.js'
import { partitionsOf } from '../fence/table-lock.js'
import { cellDatabase } from './context.js'
import type { MoveContext, ServerIdentity } from './context.js'
import { frozenPlan } from './scopes.js'

/** By table; '' for those that do not move, of which only that they are there counts. */
type Fingerprints = Readonly<Record<string, string>>

/** What must not change between freeze and cutover: catalogs of both cells, fences included, and the servers themselves. */
export interface World {
  readonly servers: Readonly<Record<string, ServerIdentity>>
  readonly catalogs: Readonly<Record<string, Fingerprints>>
}

export async function lookAtWorld(ctx: MoveContext): Promise<World> {
  const servers: Record<string, ServerIdentity> = {}
  const catalogs: Record<string, Fingerprints> = {}
  for (const side of ['source', 'target'] as const) {
    for (const database of ctx.cells[side].keys()) {
      const key = `${side}/${database}`
      await cellDatabase(ctx, side, database).read.use(async (session) => {
        servers[key] = await identify(session)
        const names = allTables(ctx.journal.plan()).filter((table) => table.id.database === database).map((table) => table.id)
        catalogs[key] = fingerprints(await readCatalog(session), names)
      })
    }
  }
  return { servers, catalogs }
}

/** A table made meanwhile in a schema of the move may hold rows of the organization that nothing fences. */
function fingerprints(catalog: Catalog, moving: readonly TableName[]): Fingerprints {
  const schemas = new Set(moving.map((name) => name.schema))
  const others = catalog.tables.filter((table) => !table.isPartition && schemas.has(table.schema)).map((table): [string, string] => [tableKey(table), ''])
  return { ...Object.fromEntries(others), ...catalogFingerprint(catalog, moving) }
}

export async function identify(session: Session): Promise<ServerIdentity> {
  const row = await session.one<{ system_identifier: string; timeline: number; lsn: string; flushed: string; version: string }>(sql('verify/server'))
  return { systemIdentifier: row.system_identifier, timeline: row.timeline, lsn: row.lsn, flushed: row.flushed, version: row.version }
}

/** What became of a server, as the end of a sentence about it; null where it is the one that it was, with all that it had. Pure. */
export function replaced(before: ServerIdentity, now: ServerIdentity): string | null {
  if (now.systemIdentifier !== before.systemIdentifier) return `is another server (system identifier ${now.systemIdentifier}, was ${before.systemIdentifier})`
  if (now.timeline !== before.timeline) return `has failed over (timeline ${now.timeline}, was ${before.timeline})`
  // a snapshot of its disk that was put back keeps both
  return before.flushed !== undefined && placeInLog(now.lsn) < placeInLog(before.flushed) ? `was set back (its log is at ${now.lsn}, and was durable up to ${before.flushed})` : null
}

function placeInLog(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** Before anything is asked of what the freeze left on them: the servers are those of the freeze, with all that they had. Throws OM4003 naming which is not. */
export async function assertServersUnchanged(ctx: MoveContext, when: string): Promise<void> {
  const now: Record<string, ServerIdentity> = {}
  for (const side of ['source', 'target'] as const) {
    for (const [database, cell] of ctx.cells[side]) now[`${side}/${database}`] = await cell.read.use(identify)
  }
  assertSame(ctx, when, now)
}

function assertSame(ctx: MoveContext, when: string, now: World['servers']): void {
  const { servers, serversAtVerification } = ctx.journal.manifest()
  const changes = Object.entries(now).flatMap(([key, server]) => {
    const change = [servers, serversAtVerification].flatMap((known) => (known?.[key] === undefined ? [] : (replaced(known[key], server) ?? [])))
    return change.slice(0, 1).map((text) => `${key} ${text}`)
  })
  if (changes.length > 0) throw changed(when, changes, 'a fence stands only where the server still has it')
}

function changed(when: string, changes: readonly string[], fence: string): MoverError {
  return new MoverError({
    code: 'OM4003',
    message: `${when}: ${changes.join('; ')}. The route is unchanged, and ${fence}`,
    hint: 'find out who changed it; `org-mover abort` takes the move back, then start it again',
    retry: 'after-fix',
  })
}

/**
 * Before verify and before cutover: the same servers on the same timeline, the same catalogs, every trigger of both fences in
 * place, and no subscription that writes past them. Yields what was seen. Throws OM4003 naming what differs; the fences stay as they are.
 */
export async function assertWorldUnchanged(ctx: MoveContext, when: string): Promise<World> {
  await assertServersUnchanged(ctx, when)
  const { servers, catalogs } = ctx.journal.manifest()
  const now = await lookAtWorld(ctx)
  assertSame(ctx, when, now.servers)
  const changes: string[] = []
  for (const [key, before] of Object.entries(catalogs ?? {})) changes.push(...(await schemaChanges(ctx, key, before, now.catalogs[key] ?? {})))
  for (const side of ['source', 'target'] as const) changes.push(...(await gapsOfFence(ctx, side)))
  if (servers === undefined || catalogs === undefined) changes.push('the journal has no record of the freeze')
  if (changes.length === 0) return now
  throw changed(when, changes, 'the source is still fenced')
}

async function schemaChanges(ctx: MoveContext, key: string, before: Fingerprints, now: Fingerprints): Promise<readonly string[]> {
  const lost = Object.entries(before).filter(([table, fingerprint]) => fingerprint !== '' && now[table] !== fingerprint)
  const came = Object.entries(now).filter(([table]) => before[table] === undefined)
  const partitions = await harmlessPartitions(ctx, key, came.flatMap(([table, fingerprint]) => (fingerprint === '' ? [] : [table])))
  return [
    ...lost.map(([table]) => (now[table] === undefined ? `table ${table} of ${key} is gone` : `table ${table} of ${key} has changed since the freeze (a column, partition, constraint, rule or trigger)`)),
    ...came.filter(([table]) => !partitions.has(table)).map(([table, fingerprint]) => (fingerprint === '' ? `table ${table} was created in ${key} since the freeze, where nothing fences it` : `partition ${table} was attached in ${key} since the freeze with rows of the organization`)),
  ]
}

/** A cell's partition manager does not wait for a move. A partition that came meanwhile is fenced as its parent is, and holds no row of the organization unless it was attached with one. */
async function harmlessPartitions(ctx: MoveContext, key: string, came: readonly string[]): Promise<ReadonlySet<string>> {
  if (came.length === 0) return new Set()
  const side = key.startsWith('source/') ? 'source' : 'target'
  const database = key.slice(side.length + 1)
  const { plan, scope } = frozenPlan(ctx)
  const tables = plan.owned.filter((table) => table.id.database === database && table.partitioned)
  return cellDatabase(ctx, side, database).read.use(async (session) => {
    const harmless = new Set<string>()
    for (const { root, partition } of await partitionsOf(session, tables.map(({ id }) => id))) {
      const name = tableKey(partition)
      const table = tables.find(({ id }) => tableKey(id) === tableKey(root))
      if (table === undefined || !came.includes(name)) continue
      const { rows } = await session.one<{ rows: string }>(sql('chunk/count-owned', { no: '0', from: `${qualified(partition)} AS t`, where: isOwnedRow(table, scope) }))
      if (rows === '0') harmless.add(name)
    }
    for (const name of harmless) ctx.progress({ kind: 'step', text: `partition ${name} came to ${key} since the freeze; it holds no row of the organization` })
    return harmless
  })
}

async function gapsOfFence(ctx: MoveContext, side: Side): Promise<readonly string[]> {
  const missing: string[] = []
  for (const database of ctx.cells[side].keys()) {
    const tables = ctx.journal.plan().owned.filter((table) => table.id.database === database)
    const known = ctx.journal.manifest().catalogs?.[`${side}/${database}`]
    await cellDatabase(ctx, side, database).read.use(async (session) => {
      const there = await existingTriggers(session, ctx.holder.moveId)
      for (const key of await expectedTriggers(session, tables, { moveId: ctx.holder.moveId, wasThere: (leaf) => known?.[tableKey(leaf)] !== undefined })) {
        if (!['O', 'A'].includes(there.get(key) ?? '')) missing.push(`the fence's trigger on ${key} (${side}) is gone or disabled`)
      }
      for (const { table, subscription } of await unfencedTables(session, tables.map(({ id }) => id))) missing.push(`subscription ${subscription} writes to ${tableKey(table)} (${side}) past the fence`)
    })
  }
  return missing
}
