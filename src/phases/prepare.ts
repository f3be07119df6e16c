import { examine } from '../checks/examine.js'
import type { Examined } from '../checks/examine.js'
import type { CapacitySettings } from '../config/settings.js'
import { formatDuration } from '../domain/durations.js'
import { estimateWindow } from '../domain/estimate.js'
import { isBlocking } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { MoverError } from '../domain/errors.js'
import type { Tenancy } from '../domain/tenancy.js'
import type { Side } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { checkRoom } from './check-room.js'
import type { MoveContext } from './context.js'

export interface PrepareInput {
  readonly tenancy: Tenancy
  readonly open: (side: Side, database: string) => Promise<Session>
  /** Of the target. */
  readonly capacity: CapacitySettings | null
  /** Other organizations that are on their way to the target. */
  readonly arriving: () => Promise<number>
}

/**
 * Finds out everything that could stop the move, in the same way as `plan`, and writes the plan into the journal. Nothing is
 * written to a cell. Then what lives outside PostgreSQL begins to replicate. Throws OM2007 with the findings where one is an error,
 * OM2004 where that is only that the organization owns no row, OM2008 where the window would be longer than it may.
 */
export async function prepare(ctx: MoveContext, input: PrepareInput): Promise<void> {
  // what has begun to replicate was accepted; a refusal now would end the move and leave it replicating
  if (!(await ctx.participants.haveBegun())) await examineAll(ctx, input)
  await ctx.participants.run('replicate')
}

async function examineAll(ctx: MoveContext, input: PrepareInput): Promise<void> {
  const examined = await examine({
    org: ctx.org,
    source: ctx.source,
    target: ctx.target,
    tenancy: input.tenancy,
    sequences: ctx.options.sequences,
    databases: [...ctx.cells.source.keys()],
    open: input.open,
    secrets: ctx.secrets,
    onStep: (text) => ctx.progress({ kind: 'step', text }),
  })
  const { findings: ofRoom } = await checkRoom({ ...ctx, ...input, databases: [...ctx.cells.target.keys()] }, examined)
  const rehearsed = await ctx.router.rehearse({ org: ctx.org, from: ctx.source, to: ctx.target })
  const findings = [...examined.findings, ...ofRoom, ...(await ctx.participants.check()), ...rehearsed]
  await ctx.journal.saveFindings(findings)
  refuse(findings, examined.rowsChecked)
  await keepWithinWindow(ctx, examined)
  await ctx.journal.savePlan(examined.plan, examined.rows)
  await ctx.journal.addToManifest({ secrets: ctx.secrets.tally.counts() })
  await ctx.journal.bindRoute()
}

async function keepWithinWindow(ctx: MoveContext, { plan, rows }: Examined): Promise<void> {
  const estimate = estimateWindow({ tables: plan.owned.length, rows: rows.size > 0 ? [...rows.values()].reduce((sum, n) => sum + n, 0) : null })
  await ctx.journal.saveEstimate(estimate)
  const { maxWindowMs } = ctx.options
  if (maxWindowMs === null || estimate.windowSeconds === null || estimate.windowSeconds * 1000 <= maxWindowMs) return
  throw new MoverError({
    code: 'OM2008',
    message: `the window is estimated at ${formatDuration(estimate.windowSeconds * 1000)}, and --max-window allows ${formatDuration(maxWindowMs)} (${estimate.basis}); nothing was changed on either cell`,
    hint: 'allow more, or lessen what moves; `org-mover plan` tells the same estimate without beginning a move',
    retry: 'after-fix',
  })
}

/** What makes a plan no move. */
function refuse(findings: readonly Finding[], rowsChecked: boolean): void {
  if (!isBlocking(findings)) return
  const errors = findings.filter((f) => f.severity === 'error')
  const only = errors.every((f) => f.code === 'OM2004') ? errors[0] : undefined
  throw new MoverError({
    code: only === undefined ? 'OM2007' : 'OM2004',
    message: `${only === undefined ? `${errors.length} finding(s) stop the move` : only.message}; nothing was changed on either cell`,
    hint: only?.hint ?? `correct what they name, then run the command again; \`org-mover plan\` lists them without starting a move${rowsChecked ? '' : '. No row was looked at yet: there may be more to find'}`,
    retry: 'after-fix',
    findings,
  })
}
