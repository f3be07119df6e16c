import type { Side } from '../domain/vocabulary.js'
import { removeGuard } from '../dataplane/guard.js'
import { dropMoveObjects, liftFence } from '../fence/lift-fence.js'
import type { MoveContext } from './context.js'

/**
 * Removes everything of this move from one side: the fence is made harmless first, then triggers, functions, key sets, ledger
 * and guard go, and the mover's schema where no other move needs it. Idempotent; works from what the journal recorded.
 */
export async function cleanSide(ctx: MoveContext, side: Side): Promise<void> {
  const recorded = await ctx.journal.created()
  for (const cell of ctx.cells[side].values()) {
    if (!recorded.some((object) => object.cell === cell.cell && object.database === cell.database)) continue
    ctx.progress({ kind: 'step', text: `removing what the move left on ${cell.label}` })
    await cell.admin.use(async (session) => {
      await liftFence(session, ctx.holder.moveId)
      await dropMoveObjects(session, ctx.holder.moveId, { onWaiting: (reason) => ctx.progress({ kind: 'waiting', reason }), signal: ctx.signal })
      await removeGuard(session, ctx.holder.moveId)
    })
    await ctx.journal.markCleaned(cell.cell, cell.database)
  }
}

/** Lifts the fence of one side where it ever stood. No table lock. */
export async function liftSide(ctx: MoveContext, side: Side): Promise<void> {
  const recorded = await ctx.journal.created()
  for (const cell of ctx.cells[side].values()) {
    if (!recorded.some((object) => object.cell === cell.cell && object.database === cell.database)) continue
    await cell.admin.use((session) => liftFence(session, ctx.holder.moveId))
  }
}

