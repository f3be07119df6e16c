import { MoverError } from '../domain/errors.js'
import type { CellDatabase } from '../dataplane/cell-database.js'
import { belongs, tableItself } from '../dataplane/owned-rows.js'
import { sql } from '../postgres/sql.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'
import { identify, replaced } from './world.js'

/**
 * Before the purge: a target that failed over, or was restored, since the flip may have lost the end of its log, and the source would then hold the only
 * rows (P9). What a server loses is always the end: either what the mover left there until it had cleaned up stands again, or not even a row had come. Asks for that
 * only of a server that is not the one of the cutover any more. Throws OM6007.
 */
export async function assertTargetKept(ctx: MoveContext): Promise<void> {
  const before = ctx.journal.manifest().serversAtCutover ?? {}
  for (const [database, cell] of ctx.cells.target) {
    const known = before[`target/${database}`]
    const change = known === undefined ? null : replaced(known, await cell.read.use(identify))
    if (change === null) continue
    const lost = (await guardStands(ctx, cell)) ? 'stands where it stood before the move had ended there: the guard of the move is back' : await isEmpty(ctx, cell) ? 'holds no row of the organization' : null
    if (lost === null) continue
    throw new MoverError({
      code: 'OM6007',
      message: `${cell.label} ${change} since the cutover, and ${lost}. Nothing was deleted by this run: ${ctx.source} may hold the only rows of organization ${ctx.org}`,
      hint: 'find out what the failover or restore of the target lost: its rows are still on the source, fenced. Where the organization was deleted on the target on purpose, docs/runbook.md says what to do',
      retry: 'after-fix',
    })
  }
}

async function guardStands(ctx: MoveContext, cell: CellDatabase): Promise<boolean> {
  return cell.read.use(async (session) => {
    const { installed } = await session.one<{ installed: boolean }>(sql('cell/is-installed'))
    return installed && (await session.rows('SELECT FROM org_mover.guard WHERE move_id = $1', [ctx.holder.moveId])).length > 0
  })
}

/** Whether no table that had rows of the organization, and names it in a column of its own, has any. Key sets are gone from the target by now. */
async function isEmpty(ctx: MoveContext, cell: CellDatabase): Promise<boolean> {
  const { plan, scope } = frozenPlan(ctx)
  const rows = ctx.journal.manifest().rows ?? {}
  const conditions = plan.owned.flatMap((table) => {
    if (table.id.database !== cell.database || table.ownership.kind !== 'keys' || (rows[String(table.no)] ?? 0) === 0) return []
    const direct = table.ownership.alternatives.filter((one) => one.kind === 'direct')
    return direct.length === 0 ? [] : [`EXISTS (SELECT FROM ${tableItself(table)} WHERE ${direct.map((one) => belongs(table, one, scope)).join(' OR ')})`]
  })
  if (conditions.length === 0) return false
  const { any } = await cell.read.use((session) => session.one<{ any: boolean }>(`SELECT ${conditions.join(' OR ')} AS any`))
  return !any
}
