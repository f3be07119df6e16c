import { MoverError } from '../domain/errors.js'
import type { CellDatabase } from '../dataplane/cell-database.js'
import { guarded } from '../dataplane/guard.js'
import { liftFence, rehearseLift } from '../fence/lift-fence.js'
import { redirectFence } from '../fence/redirect-fence.js'
import { advanceSequences } from './advance-sequences.js'
import { cleanSide } from './clean-cell.js'
import type { MoveContext } from './context.js'
import { assertLookupsUnchanged, loadShared, withSharedHeld } from './copy-exempt.js'
import { leaveMaintenance } from './hooks.js'
import { frozenPlan } from './scopes.js'
import { assertServersUnchanged, assertWorldUnchanged } from './world.js'

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

/** A fence that cannot be lifted after the flip would leave the organization without a cell that takes its writes. Throws OM4003. */
async function assertLiftable(ctx: MoveContext, cell: CellDatabase): Promise<void> {
  try {
    await cell.admin.use((session) => rehearseLift(session, ctx.holder.moveId))
  } catch (error) {
    if (!(error instanceof MoverError) || error.retry === 'safe') throw error
    throw new MoverError({
      code: 'OM4003',
      message: `the fence of ${cell.label} could not be lifted after the flip, as was tried and rolled back: ${error.message}. The route is unchanged and the source still fenced`,
      hint: `correct what keeps the mover from replacing its own functions (an event trigger, a privilege), then run \`org-mover resume ${ctx.holder.moveId}\`; \`org-mover abort\` takes the move back`,
      retry: 'after-fix',
      cause: error,
    })
  }
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
  await assertServersUnchanged(ctx, 'before cutover')
  await ctx.participants.assertVerified()
  await ctx.secrets.open(ctx.journal.plan())
  await loadShared(ctx)
  for (const database of ctx.cells.target.keys()) await advanceSequences(ctx, database)
  await assertLookupsUnchanged(ctx)
  const { servers } = await assertWorldUnchanged(ctx, 'before cutover')
  await ctx.journal.addToManifest({ serversAtCutover: servers })
  for (const cell of ctx.cells.target.values()) await assertLiftable(ctx, cell)
  for (const side of ['source', 'target'] as const) {
    for (const cell of ctx.cells[side].values()) await cell.load.use((session) => guarded(session, ctx.holder, async () => undefined))
  }
  ctx.journal.assertGoesOn()
}
