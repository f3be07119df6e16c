import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { isNotableLoad } from '../domain/statistics.js'
import type { CellDatabase } from '../dataplane/cell-database.js'
import { qualified } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { advanceSequences } from './advance-sequences.js'
import type { MoveContext } from './context.js'
import { inParallel } from './parallel.js'
import { frozenPlan } from './scopes.js'

/** Statistics for the planner and, where declared, sequences past the loaded ids. */
export async function settleTarget(ctx: MoveContext): Promise<void> {
  const { plan } = frozenPlan(ctx)
  for (const [database, cell] of ctx.cells.target) {
    await analyzeLoaded(ctx, cell, plan.owned.filter((table) => table.id.database === database))
    await advanceSequences(ctx, database)
  }
}

/**
 * Gathers the statistics of tables of which the load is a notable part, before anybody queries them: a bounded sample each. A courtesy, taken under SHARE UPDATE
 * EXCLUSIVE and lock_timeout: what cannot be had is told, and stops nothing.
 */
async function analyzeLoaded(ctx: MoveContext, cell: CellDatabase, tables: readonly OwnedTable[]): Promise<void> {
  const rows = ctx.journal.manifest().rows ?? {}
  const loaded = tables.filter((table) => (rows[String(table.no)] ?? 0) > 0)
  if (loaded.length === 0) return
  const ids = loaded.map(({ id }) => id)
  const estimates = await cell.read.use((session) => session.rows<{ schema: string; name: string; estimate: number | null; may_analyze: boolean }>(sql('copy/row-estimates'), [ids.map((id) => id.schema), ids.map((id) => id.name)]))
  const known = new Map(estimates.map((row) => [tableKey(row), row]))
  const notable = loaded.filter((table) => isNotableLoad(rows[String(table.no)] ?? 0, known.get(tableKey(table.id))?.estimate ?? null))
  const failed: { readonly table: string; readonly why: string }[] = []
  ctx.progress({ kind: 'step', text: `statistics of ${notable.length} table(s) on ${cell.label}` })
  await inParallel(notable, { jobs: ctx.options.jobs, signal: ctx.signal }, async ({ id }) => {
    if (known.get(tableKey(id))?.may_analyze === false) return void failed.push({ table: tableKey(id), why: 'the role may not ANALYZE it' })
    const why = await tried(cell, sql('copy/analyze', { table: qualified(id) }))
    if (why !== null) failed.push({ table: tableKey(id), why })
  })
  for (const { table, why } of failed) ctx.progress({ kind: 'step', text: `statistics of ${table} on ${cell.label} were left as they are: ${why}` })
  await ctx.journal.event('analyzed', { database: cell.label, tables: notable.length - failed.length, fewRowsCame: loaded.length - notable.length, failed: failed.slice(0, 100) })
}

/** Null, or why a courtesy could not be had. A lost connection is an error all the same. */
export async function tried(cell: CellDatabase, statement: string): Promise<string | null> {
  return cell.admin.use((session) =>
    session.execute(statement).then(
      () => null,
      (error: unknown) => {
        if (!(error instanceof MoverError) || error.code === 'OM3002') throw error
        return error.code === 'OM3003' ? 'a lock was not granted in time' : error.message
      },
    ),
  )
}
