import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { allTables } from '../domain/move-plan.js'
import type { TableShape } from '../domain/move-plan.js'
import { countOwned } from '../dataplane/chunks.js'
import { guarded } from '../dataplane/guard.js'
import { deleteByLedger, forgetChunk, readLedger } from '../dataplane/ledger.js'
import type { ChunkId } from '../dataplane/ledger.js'
import { ownedInPlace } from '../dataplane/owned-rows.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { cleanSide, liftSide } from './clean-cell.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { runHooks } from './hooks.js'
import { frozenPlan } from './scopes.js'

/**
 * Takes a move back that has not cut over: the source serves again at once; then exactly what the ledger names is deleted from
 * the target, still fenced there; then nothing of the mover remains on either cell. Run again, it finishes the rest.
 */
export async function abort(ctx: MoveContext): Promise<void> {
  if ((await ctx.journal.created()).length > 0) {
    await liftSide(ctx, 'source')
    await deleteLoaded(ctx)
    await cleanSide(ctx, 'target')
    await cleanSide(ctx, 'source')
    await runHooks(ctx, 'leave')
  }
}

async function deleteLoaded(ctx: MoveContext): Promise<void> {
  const recorded = await ctx.journal.created()
  const tables = new Map(allTables(frozenPlan(ctx).plan).map((table) => [table.no, table]))
  for (const [database, cell] of ctx.cells.target) {
    if (!recorded.some((object) => object.cell === cell.cell && object.database === database)) continue
    const { installed } = await cell.admin.use((session) => session.one<{ installed: boolean }>(sql('cell/is-installed')))
    if (!installed) continue
    // children before parents does not matter: the replica role checks no foreign key
    for (const chunk of await cell.read.use((session) => readLedger(session, ctx.holder.moveId))) {
      const table = tables.get(chunk.tableNo)
      if (table === undefined) throw new RangeError(`the ledger names table ${chunk.tableNo}, which is not in the plan`)
      ctx.progress({ kind: 'step', text: `taking ${chunk.rows} row(s) of ${tableKey(table.id)} back from ${cell.label}` })
      await cell.load.use((session) =>
        guarded(session, ctx.holder, async () => {
          const deleted = await deleteChunk(ctx, session, table, chunk)
          if (deleted !== chunk.rows) throw notAll(tableKey(table.id), deleted, chunk.rows)
          await forgetChunk(session, ctx.holder.moveId, chunk)
        }),
      )
    }
    await assertGone(ctx, database)
  }
}

/** A table without identity was empty of the organization before its one chunk was loaded: what is there now is what was loaded. */
async function deleteChunk(ctx: MoveContext, session: Session, table: TableShape, chunk: ChunkId): Promise<number> {
  if (table.identity !== null) return deleteByLedger(session, table, ctx.holder.moveId, chunk)
  const { plan, scope } = frozenPlan(ctx)
  const owned = plan.owned.find((t) => t.no === table.no)
  if (owned === undefined) throw new RangeError(`table ${table.no} is not owned`)
  const { from, where } = ownedInPlace(owned, scope)
  return session.execute(`DELETE FROM ${from} WHERE ${where}`)
}

async function assertGone(ctx: MoveContext, database: string): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const tables = plan.owned.filter((table) => table.id.database === database)
  const counts = await cellDatabase(ctx, 'target', database).read.use((session) => countOwned(session, tables, scope))
  const left = tables.filter((table) => (counts.get(table.no) ?? 0) > 0)
  if (left.length === 0) return
  throw new MoverError({
    code: 'OM2107',
    message: `everything in the ledger was deleted, but ${ctx.target} still holds rows of organization ${ctx.org} in ${left.map((t) => `${tableKey(t.id)} (${counts.get(t.no)})`).join(', ')}: somebody else wrote them. The source serves again`,
    hint: 'remove them by hand, then run `org-mover abort` again',
    retry: 'after-fix',
  })
}

function notAll(table: string, deleted: number, expected: number): MoverError {
  return new MoverError({
    code: 'OM4003',
    message: `${deleted} of ${expected} loaded row(s) of ${table} were found on the target: somebody deleted or re-keyed the others; nothing of this chunk was changed. The source serves again`,
    hint: 'look at the rows of the organization on the target, then run `org-mover abort` again',
    retry: 'after-fix',
  })
}
