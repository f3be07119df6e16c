import { tableKey } from '../domain/catalog.js'
import { repairChunk } from '../dataplane/repair-chunk.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { inParallel } from './parallel.js'
import { frozenPlan } from './scopes.js'
import { settleReplicas } from './settle-replicas.js'
import { blindTables, isStaged } from './staged-secrets.js'
import { assertWorldUnchanged } from './world.js'

/**
 * After a verification that proved differences: loads exactly the chunks again that differed, each in one transaction that deletes
 * by the ledger's keys. Whoever changed them wrote past the fence, so it is done a few times at most over the whole move
 * (`verify.repair_attempts`); what differs then is for a person to look at. What no ledger names is never deleted, and tables without
 * identity, or whose secrets travel sealed, are left as they are. Where nothing is known to differ, or no attempt is left, it does nothing. Idempotent.
 */
export async function repair(ctx: MoveContext): Promise<void> {
  const attempts = ctx.journal.manifest().repairs ?? 0
  if (attempts >= ctx.options.repairAttempts) return
  // secrets that were opened on the target are not on the way between the cells any more
  const apart = new Set(isStaged(ctx) ? [...ctx.cells.target.keys()].flatMap((database) => blindTables(ctx, database)).map((table) => table.no) : [])
  const tables = new Map(frozenPlan(ctx).plan.owned.filter((table) => !apart.has(table.no)).map((table) => [table.no, table]))
  const differing = (await ctx.journal.chunks()).flatMap((chunk) => {
    const table = tables.get(chunk.tableNo)
    return chunk.differs && table !== undefined && table.identity !== null ? [{ chunk, table }] : []
  })
  if (differing.length === 0) return
  await assertWorldUnchanged(ctx, 'before the repair')
  await settleReplicas(ctx)
  await ctx.secrets.open(ctx.journal.plan())
  await ctx.journal.addToManifest({ repairs: attempts + 1 })
  await ctx.journal.event('repairing', { attempt: attempts + 1, chunks: differing.map(({ chunk, table }) => ({ table: tableKey(table.id), chunk: chunk.chunkNo })).slice(0, 100) })
  ctx.progress({ kind: 'step', text: `loading ${differing.length} differing chunk(s) again` })
  const { scope, map } = frozenPlan(ctx)
  await inParallel(differing, { jobs: ctx.options.jobs, signal: ctx.signal, pace: ctx.pace }, async ({ chunk, table }) => {
    ctx.journal.assertGoesOn()
    const result = await cellDatabase(ctx, 'source', table.id.database).rowsOf(table).use((source) =>
      cellDatabase(ctx, 'target', table.id.database).load.use((target) =>
        repairChunk({ source, target, table, chunk, scope, map, secrets: ctx.secrets.pass(table), holder: ctx.holder, signal: ctx.signal, pace: ctx.pace, onBytes: (bytes) => ctx.progress({ kind: 'moved', table: tableKey(table.id), rows: 0, bytes }) }),
      ),
    )
    await ctx.journal.markChunk({ tableNo: table.no, chunkNo: chunk.chunkNo, loaded: true, rows: result.rows, bytes: result.bytes })
  })
}
