import { MoverError } from '../domain/errors.js'
import { guarded } from '../dataplane/guard.js'
import { liftFence } from '../fence/lift-fence.js'
import { redirectFence } from '../fence/redirect-fence.js'
import { advanceSequences } from './advance-sequences.js'
import { cleanSide } from './clean-cell.js'
import type { MoveContext } from './context.js'
import { assertLookupsUnchanged, loadShared, withSharedHeld } from './copy-exempt.js'
import { leaveMaintenance } from './hooks.js'
import { frozenPlan } from './scopes.js'
import { assertWorldUnchanged } from './world.js'

/**
 * The point of no return: when every gate has been read again, the route flips by compare-and-swap. Then the target's fence
 * is lifted, participants switch over, maintenance ends, and what the mover kept there goes. The source stays fenced for the retention, and tells who is
 * rejected there which cell serves now. Run again after the flip, it only finishes the rest.
 */
export async function cutover(ctx: MoveContext): Promise<void> {
  if (!(await ctx.journal.isCutOver())) {
    await passGates(ctx)
    await withSharedHeld(ctx, () => ctx.journal.cutOver())
  }
  for (const cell of ctx.cells.target.values()) await cell.admin.use((session) => liftFence(session, ctx.holder.moveId))
  await ctx.participants.run('cutover')
  await leaveMaintenance(ctx, 'target')
  await redirect(ctx)
  await cleanSide(ctx, 'target')
}

async function redirect(ctx: MoveContext): Promise<void> {
  const served = await ctx.router.read(ctx.org)
  if (served === null || served.cell === ctx.source) return
  const { plan, scope } = frozenPlan(ctx)
  const { pass } = ctx.journal.manifest()
  for (const [database, cell] of ctx.cells.source) {
    const tables = plan.owned.filter((table) => table.id.database === database)
    await cell.admin.use((session) => guarded(session, ctx.holder, () => redirectFence(session, tables, scope, { moveId: ctx.holder.moveId, org: ctx.org, side: 'source', pass, served })))
  }
}

async function passGates(ctx: MoveContext): Promise<void> {
  const verification = ctx.journal.verification()
  if (verification?.verdict !== 'equal') {
    throw new MoverError({ code: 'OM4002', message: `verification of this move has not passed (${verification?.verdict ?? 'not run'}); the route is unchanged and the source still fenced`, hint: 'run `org-mover resume`, which verifies again; `org-mover abort` takes the move back', retry: 'safe' })
  }
  await ctx.participants.assertVerified()
  await ctx.secrets.open(ctx.journal.plan())
  await loadShared(ctx)
  for (const database of ctx.cells.target.keys()) await advanceSequences(ctx, database)
  await assertLookupsUnchanged(ctx)
  const { servers } = await assertWorldUnchanged(ctx, 'before cutover')
  await ctx.journal.addToManifest({ serversAtCutover: servers })
  for (const side of ['source', 'target'] as const) {
    for (const cell of ctx.cells[side].values()) await cell.load.use((session) => guarded(session, ctx.holder, async () => undefined))
  }
  ctx.journal.assertGoesOn()
}
