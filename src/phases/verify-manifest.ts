import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { chunkRows } from '../dataplane/chunks.js'
import { fingerprint, isSame, seedsOf, storedText } from '../dataplane/fingerprint.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { coveringChunks } from './covering-chunks.js'
import { inParallel } from './parallel.js'
import { frozenPlan } from './scopes.js'
import { sinceFrozen } from './since-frozen.js'

/** After the cutover: the retained source still holds, byte for byte, what was verified. Throws OM4001 naming the tables that do not, OM4002 where the journal does not name every row. */
export async function verifyManifest(ctx: MoveContext): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const { problems } = await sinceFrozen(ctx)
  if (problems.length > 0) throw notVerified(ctx, problems.join('; '), 'the purge will refuse: put back what is gone, move or delete by hand what came since')
  const seeds = seedsOf(ctx.holder.moveId)
  const tables = new Map(plan.owned.map((table) => [table.no, table]))
  const changed = new Set<string>()
  const chunks = (await coveringChunks(ctx)).filter((chunk) => !chunk.purged)
  await inParallel(chunks, { jobs: ctx.options.jobs, signal: ctx.signal, pace: ctx.pace }, async (chunk) => {
    const table = tables.get(chunk.tableNo)
    if (table === undefined) throw new RangeError(`no table ${chunk.tableNo} in the plan`)
    const found = await cellDatabase(ctx, 'source', table.id.database).read.use((session) => fingerprint(session, storedText(table), chunkRows(table, scope, chunk), seeds))
    if (chunk.stored === null || !isSame(found, chunk.stored)) changed.add(tableKey(table.id))
    ctx.progress({ kind: 'moved', table: tableKey(table.id), rows: found.rows, bytes: 0 })
  })
  if (changed.size === 0) return
  throw notVerified(ctx, [...changed].sort().join(', '), 'find out who wrote past the fence; the purge will refuse these tables')
}

function notVerified(ctx: MoveContext, what: string, hint: string): MoverError {
  return new MoverError({ code: 'OM4001', message: `the retained rows on ${ctx.source} are not those that were verified: ${what}`, hint, retry: 'after-fix' })
}
