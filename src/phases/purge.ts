import { firesOnDelete, purgedTables } from '../checks/fires-on-delete.js'
import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { ownedNumbered } from '../domain/move-plan.js'
import type { InboundReference, OwnedTable } from '../domain/move-plan.js'
import { chunkRows, countOwned } from '../dataplane/chunks.js'
import { isSame, seedsOf } from '../dataplane/fingerprint.js'
import { guarded } from '../dataplane/guard.js'
import { addToLedger, isLoaded } from '../dataplane/ledger.js'
import { identityColumns, isOwnedRow, ownedInPlace, tableItself } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { holdBatch } from '../dataplane/purge-batch.js'
import { inboundMatch } from '../dataplane/shared-rows.js'
import { withdrawUnreferenced } from '../dataplane/withdraw-rows.js'
import { qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { assertTargetKept } from './assert-target-kept.js'
import { assertWritable } from './assert-writable.js'
import { cleanSide } from './clean-cell.js'
import { cellDatabase } from './context.js'
import type { ChunkRecord, MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'
import { sinceFrozen } from './since-frozen.js'
import type { SinceFrozen } from './since-frozen.js'
import { vacuumPurged } from './vacuum-purged.js'

/**
 * Deletes the organization from the source, chunk by chunk of the manifest, children first; a chunk goes only if its rows are,
 * byte for byte as stored, those that were verified, and nothing that stays refers to them (P9). Resumable: a purged chunk is
 * purged. In the end nothing of the mover remains on the source.
 */
export async function purge(ctx: MoveContext): Promise<void> {
  await assertMayPurge(ctx)
  // once cleaning up has begun, the fence is lifted and the key sets, by which rows are asked for, go
  if (ctx.journal.manifest().purged !== true) await deleteOwned(ctx)
  await ctx.journal.addToManifest({ purged: true })
  await cleanSide(ctx, 'source')
}

async function deleteOwned(ctx: MoveContext): Promise<void> {
  await assertTargetKept(ctx)
  await assertNothingFires(ctx)
  for (const database of ctx.cells.source.keys()) {
    await assertWritable(ctx, { plan: frozenPlan(ctx).plan, side: 'source', database, code: 'OM6006', state: 'Nothing was deleted by this run', command: 'purge' })
  }
  const { inbound } = await assertComparable(ctx)
  await assertNothingNew(ctx)
  const { plan } = frozenPlan(ctx)
  const chunks = await ctx.journal.chunks()
  ctx.progress({ kind: 'total', rows: chunks.filter((c) => !c.purged).reduce((sum, c) => sum + c.rows, 0), tables: plan.owned.length })
  for (const table of childrenFirst(plan.owned)) {
    for (const chunk of chunks.filter((c) => c.tableNo === table.no && !c.purged)) {
      ctx.signal.throwIfAborted()
      await ctx.pace.turn(ctx.signal)
      ctx.journal.assertGoesOn()
      const rows = await purgeChunk(ctx, { ...table, inbound: [...table.inbound, ...(inbound.get(table.no) ?? [])] }, chunk)
      await ctx.journal.markChunk({ tableNo: table.no, chunkNo: chunk.chunkNo, purged: true })
      ctx.progress({ kind: 'moved', table: tableKey(table.id), rows, bytes: 0 })
    }
  }
  await purgeUnreferenced(ctx)
  await ctx.participants.run('purge')
  await ctx.participants.run('purge_tracking')
  await vacuumPurged(ctx)
}

/** The route points elsewhere, retention is over or waived by name, and verification of this move passed (P9). Throws OM6004, OM6001, OM6002. */
export async function assertMayPurge(ctx: MoveContext): Promise<void> {
  const route = await ctx.router.read(ctx.org)
  if (route === null || route.cell === ctx.source) {
    throw new MoverError({ code: 'OM6004', message: `routing says that ${route?.cell ?? 'no cell'} serves organization ${ctx.org}; nothing was deleted on ${ctx.source}`, hint: 'look at the route with `org-mover route get`; never purge the cell that serves', retry: 'after-fix' })
  }
  const until = ctx.journal.retentionUntil()
  if (!ctx.options.waiveRetention && (until === null || until > new Date())) {
    throw new MoverError({ code: 'OM6001', message: `the source is retained until ${until?.toISOString() ?? 'the cutover is done'}; nothing was deleted`, hint: `wait, or waive it by name: --waive-retention=${ctx.org}`, retry: 'after-fix' })
  }
  if (ctx.journal.verification()?.verdict !== 'equal') {
    throw new MoverError({ code: 'OM6002', message: 'verification of this move did not pass; nothing was deleted', hint: 'a source that was not proven equal is never purged', retry: 'never' })
  }
}

/** What fires in the replica role as well would act on every row that goes, and may write to rows of others (P2). Throws OM6005. */
async function assertNothingFires(ctx: MoveContext): Promise<void> {
  const { plan } = frozenPlan(ctx)
  for (const [database, cell] of ctx.cells.source) {
    const [first, ...others] = await cell.read.use((session) => firesOnDelete(session, purgedTables(plan, database)))
    if (first === undefined) continue
    throw new MoverError({
      code: 'OM6005',
      message: `${cell.label}: ${first.names.join(', ')} of ${tableKey(first.table)}${others.length === 0 ? '' : ` (and of ${others.length} table(s) more)`} would fire on every row that the purge deletes, even in the replica role, and could change rows of other organizations; nothing was deleted by this run`,
      hint: 'ALTER TABLE … ENABLE TRIGGER or ENABLE RULE (not ALWAYS or REPLICA) for the purge, or drop them; then run `org-mover purge` again',
      retry: 'after-fix',
    })
  }
}

/** Migrations go on while the source is retained: what they took away cannot be compared, what they added may refer to rows that go. Throws OM6002. */
async function assertComparable(ctx: MoveContext): Promise<SinceFrozen> {
  const since = await sinceFrozen(ctx)
  if (since.problems.length === 0) return since
  throw new MoverError({
    code: 'OM6002',
    message: `the schema of ${ctx.source} is not the one that was verified: ${since.problems.join('; ')}. Nothing was deleted by this run`,
    hint: 'rows are purged only where they can be compared with what was verified: put back what is gone, move or delete by hand what came since, then run `org-mover purge` again',
    retry: 'after-fix',
  })
}

/** An owned row that is not in the manifest stops the purge before it begins: somebody wrote past the fence. */
async function assertNothingNew(ctx: MoveContext): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const left = new Map<number, number>()
  for (const chunk of await ctx.journal.chunks()) if (!chunk.purged) left.set(chunk.tableNo, (left.get(chunk.tableNo) ?? 0) + chunk.rows)
  for (const database of ctx.cells.source.keys()) {
    const tables = plan.owned.filter((table) => table.id.database === database)
    const counts = await cellDatabase(ctx, 'source', database).read.use((session) => countOwned(session, tables, scope))
    for (const table of tables) {
      const [found, expected] = [counts.get(table.no) ?? 0, left.get(table.no) ?? 0]
      // fewer: the last driver died between the delete's commit and the journal; the ledger on the source tells, chunk by chunk
      if (found > expected) throw differs(ctx, table, `holds ${found} row(s) of the organization where the manifest has ${expected}`)
    }
  }
}

async function purgeChunk(ctx: MoveContext, table: OwnedTable, chunk: ChunkRecord): Promise<number> {
  const { scope } = frozenPlan(ctx)
  const seeds = seedsOf(ctx.holder.moveId)
  return cellDatabase(ctx, 'source', table.id.database).load.use((session) =>
    guarded(session, ctx.holder, async () => {
      // a driver may have died between this delete's commit and the journal; only this ledger row proves that it was that
      if (await isLoaded(session, ctx.holder, chunk)) return 0
      const { fingerprint: found, matches, held } = await holdBatch(session, table, table.identity === null ? ownedInPlace(table, scope) : chunkRows(table, scope, chunk), seeds)
      if (chunk.stored === null || !isSame(found, chunk.stored)) throw differs(ctx, table, `has rows in chunk ${chunk.chunkNo} that are not the ones that were verified`)
      for (const inbound of table.inboundStays ? [] : table.inbound) await assertUnreferenced(ctx, session, { table, inbound, held })
      const deleted = await session.execute(sql('purge/delete-batch', { table: tableItself(table), matches }))
      if (deleted !== found.rows) throw differs(ctx, table, `lost ${deleted} rows where ${found.rows} were locked; the batch was rolled back`)
      await addToLedger(session, ctx.holder, chunk, deleted, [])
      return deleted
    }),
  )
}

/** In a statement after the lock: a reference that was committed meanwhile is seen, and no new one comes. */
async function assertUnreferenced(ctx: MoveContext, session: Session, { table, inbound, held }: { readonly table: OwnedTable; readonly inbound: InboundReference; readonly held: RowSource }): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const child = ownedNumbered(plan, inbound.child)
  const stays = child === undefined ? 'true' : child.ownership.kind === 'query' ? `NOT EXISTS (SELECT 1 FROM (SELECT x.*) AS t WHERE ${isOwnedRow(child, scope)})` : `NOT ${isOwnedRow(child, { ...scope, alias: 'x' })}`
  const equal = inboundMatch(table, inbound)
  const { total } = await session.one<{ total: string }>(sql('purge/inbound', { child: `${qualified(inbound.table)} AS x`, table: held.from, equal, matches: held.where, stays }))
  if (total === '0') return
  throw new MoverError({
    code: 'OM6003',
    message: `${total} row(s) of ${tableKey(inbound.table)} that stay on ${ctx.source} refer by ${inbound.columns.join(', ')} to rows of ${tableKey(table.id)} that the purge would delete; this batch was rolled back`,
    hint: 'correct these references, then run `org-mover purge` again',
    retry: 'after-fix',
  })
}

/** Shared rows stay, but for tables declared `purge: unreferenced`: there, those that nothing refers to any more go. */
async function purgeUnreferenced(ctx: MoveContext): Promise<void> {
  const { plan, shared } = frozenPlan(ctx)
  for (const [database, cell] of ctx.cells.source) {
    const tables = plan.shared.filter((table) => table.id.database === database && table.purge === 'unreferenced')
    if (tables.length === 0) continue
    const results = await cell.load.use((session) =>
      guarded(session, ctx.holder, () =>
        withdrawUnreferenced(session, tables, (table) => `${shared.relation(table.no)} AS k(${identityColumns(table).map((_, n) => `k${n + 1}`).join(', ')})`),
      ),
    )
    for (const { table, deleted, spared } of results) ctx.progress({ kind: 'step', text: `deleted ${deleted} shared row(s) of ${tableKey(table.id)} that nothing refers to, left ${spared}` })
  }
}

/**
 * `query` tables come before all else: their predicates find rows through other tables' rows, whatever refers to whom. Then
 * tables that others refer to after those that refer to them; in a circle the order does not matter under the replica role.
 */
function childrenFirst(tables: readonly OwnedTable[]): readonly OwnedTable[] {
  const queries = tables.filter((table) => table.ownership.kind === 'query')
  const byNo = new Map(tables.map((table) => [table.no, table]))
  const ordered: OwnedTable[] = []
  const seen = new Set<number>()
  const visit = (table: OwnedTable): void => {
    if (seen.has(table.no)) return
    seen.add(table.no)
    for (const query of queries) if (mayRead(query, table)) visit(query)
    for (const { child } of table.ownership.kind === 'query' ? [] : table.inbound) {
      const referring = child === null ? undefined : byNo.get(child)
      if (referring !== undefined) visit(referring)
    }
    ordered.push(table)
  }
  for (const table of [...queries, ...tables]) visit(table)
  return ordered
}

/** Whether the declared predicate of one table may name the other: among `query` tables by the text, else always. */
function mayRead(query: OwnedTable, { id, ownership }: OwnedTable): boolean {
  if (ownership.kind !== 'query' || query.ownership.kind !== 'query') return true
  const { where } = query.ownership
  return [id.name, id.name.replaceAll('"', '""')].some((name) => where.includes(name))
}

function differs(ctx: MoveContext, table: OwnedTable, what: string): MoverError {
  return new MoverError({
    code: 'OM6002',
    message: `${ctx.source}: ${tableKey(table.id)} ${what}. Those rows stay; what was purged before is journaled`,
    hint: 'find out who wrote past the fence; decide about the rows by hand',
    retry: 'after-fix',
  })
}

