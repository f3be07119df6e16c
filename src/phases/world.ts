import { catalogFingerprint } from '../domain/compare-catalogs.js'
import { MoverError } from '../domain/errors.js'
import { allTables } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { readCatalog } from '../postgres/read-catalog.js'
import { sql } from '../postgres/sql.js'
import type { Session } from '../postgres/session.js'
import { existingTriggers, expectedTriggers } from '../fence/install-fence.js'
import { cellDatabase } from './context.js'
import type { MoveContext, ServerIdentity } from './context.js'

/** What must not change between freeze and cutover: catalogs of both cells, fences included, and the servers themselves. */
export interface World {
  readonly servers: Readonly<Record<string, ServerIdentity>>
  readonly catalogs: Readonly<Record<string, string>>
}

export async function lookAtWorld(ctx: MoveContext): Promise<World> {
  const servers: Record<string, ServerIdentity> = {}
  const catalogs: Record<string, string> = {}
  for (const side of ['source', 'target'] as const) {
    for (const database of ctx.cells[side].keys()) {
      const key = `${side}/${database}`
      await cellDatabase(ctx, side, database).read.use(async (session) => {
        servers[key] = await identify(session)
        const names = allTables(ctx.journal.plan()).filter((table) => table.id.database === database).map((table) => table.id)
        catalogs[key] = catalogFingerprint(await readCatalog(session), names)
      })
    }
  }
  return { servers, catalogs }
}

async function identify(session: Session): Promise<ServerIdentity> {
  const row = await session.one<{ system_identifier: string; timeline: number; lsn: string }>(sql('verify/server'))
  return { systemIdentifier: row.system_identifier, timeline: row.timeline, lsn: row.lsn }
}

/**
 * Before verify and before cutover: the same servers on the same timeline, the same catalogs, every trigger of both fences in
 * place. Throws OM4003 naming what differs; the fences stay as they are.
 */
export async function assertWorldUnchanged(ctx: MoveContext, when: string): Promise<void> {
  const { servers, catalogs } = ctx.journal.manifest()
  const now = await lookAtWorld(ctx)
  const changes: string[] = []
  for (const [key, server] of Object.entries(servers ?? {})) {
    const found = now.servers[key]
    if (found?.systemIdentifier !== server.systemIdentifier) changes.push(`${key} is another server (system identifier ${found?.systemIdentifier ?? 'unknown'}, was ${server.systemIdentifier})`)
    else if (found.timeline !== server.timeline) changes.push(`${key} has failed over (timeline ${found.timeline}, was ${server.timeline})`)
  }
  for (const [key, fingerprint] of Object.entries(catalogs ?? {})) if (now.catalogs[key] !== fingerprint) changes.push(`the schema of ${key} has changed since the freeze (a table, partition, constraint or trigger of a moving table)`)
  for (const side of ['source', 'target'] as const) changes.push(...(await missingTriggers(ctx, side)))
  if (servers === undefined || catalogs === undefined) changes.push('the journal has no record of the freeze')
  if (changes.length === 0) return
  throw new MoverError({
    code: 'OM4003',
    message: `${when}: ${changes.join('; ')}. The route is unchanged and the source is still fenced`,
    hint: 'find out who changed it; `org-mover abort` takes the move back, then start it again',
    retry: 'after-fix',
  })
}

async function missingTriggers(ctx: MoveContext, side: Side): Promise<readonly string[]> {
  const missing: string[] = []
  for (const database of ctx.cells[side].keys()) {
    const tables = ctx.journal.plan().owned.filter((table) => table.id.database === database)
    await cellDatabase(ctx, side, database).read.use(async (session) => {
      const there = await existingTriggers(session, ctx.holder.moveId)
      for (const key of await expectedTriggers(session, tables, ctx.holder.moveId)) {
        if (!['O', 'A'].includes(there.get(key) ?? '')) missing.push(`the fence's trigger on ${key} (${side}) is gone or disabled`)
      }
    })
  }
  return missing
}
