import { tableKey } from '../domain/catalog.js'
import { qualified } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'
import { tried } from './settle-target.js'

/** Where `purge.vacuum` asks for it: VACUUM of every table that rows were purged from, one after the other. A lock that is not granted is told, and stops nothing. */
export async function vacuumPurged(ctx: MoveContext): Promise<void> {
  if (!ctx.options.vacuum) return
  const rows = ctx.journal.manifest().rows ?? {}
  for (const table of frozenPlan(ctx).plan.owned) {
    if ((rows[String(table.no)] ?? 0) === 0) continue
    await ctx.pace.turn(ctx.signal)
    ctx.progress({ kind: 'step', text: `vacuum of ${tableKey(table.id)} on ${ctx.source}` })
    const why = await tried(cellDatabase(ctx, 'source', table.id.database), sql('purge/vacuum', { table: qualified(table.id) }))
    if (why !== null) await ctx.journal.event('not vacuumed', { table: tableKey(table.id), why })
  }
}
