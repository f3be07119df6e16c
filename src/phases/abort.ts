import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { ownedNumbered } from '../domain/move-plan.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { countOwned } from '../dataplane/chunks.js'
import { guarded } from '../dataplane/guard.js'
import { deleteByLedger, forgetChunk, isInLedger, ledgerInPlace, readLedger } from '../dataplane/ledger.js'
import type { LedgerRow } from '../dataplane/ledger.js'
import { isOwnedRow, ownedInPlace } from '../dataplane/owned-rows.js'
import type { Scope } from '../dataplane/owned-rows.js'
import { inboundMatch } from '../dataplane/shared-rows.js'
import { withdrawInserted } from '../dataplane/withdraw-rows.js'
import { qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { assertWritable } from './assert-writable.js'
import { cleanSide, liftSide } from './clean-cell.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { leaveMaintenance } from './hooks.js'
import { frozenPlan } from './scopes.js'

/**
 * Takes a move back that has not cut over: the source serves again at once; then exactly what the ledger names is deleted from
 * the target, still fenced there; then nothing of the mover remains on either cell, participants take back
 * what they did, and maintenance ends. Run again, it finishes the rest.
 */
export async function abort(ctx: MoveContext): Promise<void> {
  if ((await ctx.journal.created()).length > 0) {
    await liftSide(ctx, 'source')
    await ctx.journal.markThawed()
    await deleteLoaded(ctx)
    await cleanSide(ctx, 'target')
    await cleanSide(ctx, 'source')
  }
  await ctx.participants.abort()
  if (ctx.journal.manifest().maintenance === true) await leaveMaintenance(ctx, 'source')
}

async function deleteLoaded(ctx: MoveContext): Promise<void> {
  const recorded = await ctx.journal.created()
  for (const [database, cell] of ctx.cells.target) {
    if (!recorded.some((object) => object.cell === cell.cell && object.database === database)) continue
    const { installed } = await cell.admin.use((session) => session.one<{ installed: boolean }>(sql('cell/is-installed')))
    if (!installed || !ctx.journal.hasPlan() || !(await hasKeySets(ctx, database))) continue
    const ledger = await cell.read.use((session) => readLedger(session, ctx.holder.moveId))
    if (ledger.length > 0) await assertWritable(ctx, { plan: frozenPlan(ctx).plan, side: 'target', database, code: 'OM2116', state: 'The source serves again', command: 'abort' })
    await deleteOwned(ctx, database, ledger)
    await withdraw(ctx, database, ledger)
    await assertGone(ctx, database)
  }
}

/** Without them the freeze did not get far enough for anything to be loaded, and whose rows are whose cannot be asked there. */
async function hasKeySets(ctx: MoveContext, database: string): Promise<boolean> {
  const { plan, scope } = frozenPlan(ctx)
  const relations = plan.keySets.filter((set) => set.databases.includes(database)).map((set) => scope.relation(set))
  return cellDatabase(ctx, 'target', database).read.use(async (session) => {
    const { there } = await session.one<{ there: boolean }>('SELECT coalesce(bool_and(pg_catalog.to_regclass(name) IS NOT NULL), true) AS there FROM unnest($1::text[]) AS name', [relations])
    return there
  })
}

/** Children before parents does not matter: the replica role checks no foreign key. */
async function deleteOwned(ctx: MoveContext, database: string, ledger: readonly LedgerRow[]): Promise<void> {
  const owned = new Map(frozenPlan(ctx).plan.owned.map((table) => [table.no, table]))
  const cell = cellDatabase(ctx, 'target', database)
  // rows without a key are told by a predicate, which may read other tables' rows: it must still find them
  const isToldByRows = ({ tableNo }: LedgerRow): boolean => owned.get(tableNo)?.identity === null
  const rank = (row: LedgerRow): number => (isToldByRows(row) ? 0 : owned.get(row.tableNo)?.ownership.kind === 'query' ? 1 : 2)
  for (const chunk of ledger.toSorted((a, b) => rank(a) - rank(b))) {
    const table = owned.get(chunk.tableNo)
    if (table === undefined) continue
    ctx.progress({ kind: 'step', text: `taking ${chunk.rows} row(s) of ${tableKey(table.id)} back from ${cell.label}` })
    await cell.load.use((session) =>
      guarded(session, ctx.holder, async () => {
        await assertUnused(ctx, session, table, chunk)
        const deleted = await deleteChunk(ctx, session, table, chunk)
        if (deleted !== chunk.rows) throw notAll(tableKey(table.id), deleted, chunk.rows)
        await forgetChunk(session, ctx.holder.moveId, chunk)
      }),
    )
  }
}

/** Lookup and shared rows go last, when nothing of the organization refers to them any more, and only those that nobody uses. */
async function withdraw(ctx: MoveContext, database: string, ledger: readonly LedgerRow[]): Promise<void> {
  const { plan } = frozenPlan(ctx)
  const chunks = ledger.filter((chunk) => !plan.owned.some((table) => table.no === chunk.tableNo))
  const tables = [...plan.shared, ...plan.lookups].filter((table) => chunks.some((chunk) => chunk.tableNo === table.no))
  if (tables.length === 0) return
  const results = await cellDatabase(ctx, 'target', database).load.use((session) =>
    guarded(session, ctx.holder, async () => {
      const withdrawn = await withdrawInserted(session, tables, ctx.holder.moveId)
      for (const chunk of chunks) await forgetChunk(session, ctx.holder.moveId, chunk)
      return withdrawn
    }),
  )
  for (const { table, deleted, spared } of results) {
    ctx.progress({ kind: 'step', text: `took ${deleted} inserted row(s) of ${tableKey(table.id)} back${spared === 0 ? '' : `, left ${spared} that rows of ${ctx.target} refer to by now`}` })
    if (spared > 0) await ctx.journal.event('inserted_rows_left', { table: tableKey(table.id), rows: spared })
  }
}

/**
 * A neighbour may refer to a loaded row by now: no fence forbids that, and the replica role would cut the reference without a word. Locked
 * first, so that no new one comes. Whose a row of a `query` table is its predicate may not tell any more: there the ledger says what was loaded, and
 * of one without a key nothing is left by now, if it was not told by such rows itself. References that are declared without a foreign key tell whose
 * the row is that refers: it is the organization's. Throws OM2115.
 */
async function assertUnused(ctx: MoveContext, session: Session, table: OwnedTable, chunk: LedgerRow): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const inbound = table.inbound.map((one) => ({ ...one, owner: ownedNumbered(plan, one.child) })).filter(({ owner }) => !(table.identity === null && owner?.identity === null && owner.ownership.kind === 'query'))
  if (inbound.length === 0) return
  const rows = table.identity === null ? ownedInPlace(table, scope) : ledgerInPlace(table, ctx.holder.moveId, chunk)
  await session.rows(sql('purge/lock-batch', { table: rows.from, matches: rows.where }))
  for (const one of inbound) {
    const stays = staysBehind(one.owner, ctx.holder.moveId, scope)
    const { total } = await session.one<{ total: string }>(sql('purge/inbound', { child: `${qualified(one.table)} AS x`, table: rows.from, equal: inboundMatch(table, one), matches: rows.where, stays }))
    if (total === '0') continue
    throw new MoverError({
      code: 'OM2115',
      message: `${total} row(s) of ${tableKey(one.table)} on ${ctx.target} that this move did not load refer by ${one.columns.join(', ')} to loaded rows of ${tableKey(table.id)} by now; nothing of this chunk was deleted. The source serves again`,
      hint: 'correct these references, then run `org-mover abort` again',
      retry: 'after-fix',
    })
  }
}

/** Condition over alias x: the row is none that the abort will have deleted in the end. */
function staysBehind(owner: OwnedTable | undefined, moveId: string, scope: Scope): string {
  if (owner === undefined) return 'true'
  if (owner.ownership.kind === 'keys') return `NOT ${isOwnedRow(owner, { ...scope, alias: 'x' })}`
  return owner.identity === null ? 'true' : `NOT ${isInLedger(owner, moveId, 'x')}`
}

/** A table without identity was empty of the organization before its one chunk was loaded: what is there now is what was loaded. */
async function deleteChunk(ctx: MoveContext, session: Session, table: OwnedTable, chunk: LedgerRow): Promise<number> {
  if (table.identity !== null) return deleteByLedger(session, table, ctx.holder.moveId, chunk)
  const { from, where } = ownedInPlace(table, frozenPlan(ctx).scope)
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
