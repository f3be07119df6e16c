import { tableKey, tableNamed } from '../domain/catalog.js'
import type { Catalog, TableName } from '../domain/catalog.js'
import type { Side } from '../domain/vocabulary.js'
import { assertSpelledAlike, mayBeMisspelled } from '../checks/check-key-values.js'
import { assertKeysAgree } from '../checks/check-ownership.js'
import { CHECK_LIMIT_MS } from '../checks/examination.js'
import { raiseGuard } from '../dataplane/guard.js'
import { createKeySet, fillKeySets, rebuildKeySets, shipToTarget } from '../dataplane/key-set-tables.js'
import { createMap, fillMap, isIdentity, matchLookupTable } from '../dataplane/lookup-maps.js'
import { applicationName } from '../dataplane/names.js'
import { subscribedTables } from '../dataplane/subscribed-tables.js'
import { drainTransactions } from '../fence/drain.js'
import { installFence } from '../fence/install-fence.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { enterMaintenance } from './hooks.js'
import { frozenPlan } from './scopes.js'
import { lookAtWorld } from './world.js'

/**
 * From here the source rejects every write to the organization's rows, and so does the target. Order matters: guards, key sets
 * as they are now, fences on both sides; then, with the roots fenced, transactions of before are waited out and the key sets
 * resolved again until nothing new comes (a child of a project made a moment before the fence is told only by the set that
 * has it). Every step may be run again.
 */
export async function freeze(ctx: MoveContext): Promise<void> {
  if ((await ctx.journal.created()).length === 0) await ctx.participants.awaitLag()
  await enterMaintenance(ctx)
  await record(ctx)
  await using stack = new AsyncDisposableStack()
  const sessions = new Map<string, Session>()
  for (const side of ['source', 'target'] as const) {
    for (const database of ctx.cells[side].keys()) {
      sessions.set(`${side}/${database}`, stack.use(await cellDatabase(ctx, side, database).admin.hold()).session)
    }
  }
  const on = (side: Side, database: string): Session => {
    const session = sessions.get(`${side}/${database}`)
    if (session === undefined) throw new RangeError(`no session on ${side}/${database}`)
    return session
  }
  await ctx.journal.confirmHeld()
  await createRelations(ctx, on)
  await resolveKeySets(ctx, on)
  await ctx.journal.markFrozen()
  await fence(ctx, 'source', on)
  await settle(ctx, on)
  await mapLookups(ctx, on)
  await shipKeySets(ctx, on)
  await fence(ctx, 'target', on)
  await drain(ctx, 'target', on)
  await ctx.journal.addToManifest(await lookAtWorld(ctx))
}

/** What is created below is on record first, so that clean-up after any kill knows where to look. */
async function record(ctx: MoveContext): Promise<void> {
  const objects = (['source', 'target'] as const).flatMap((side) => [...ctx.cells[side].values()].map((db) => ({ cell: db.cell, database: db.database, kind: 'move', name: ctx.holder.moveId })))
  await ctx.journal.recordCreated(objects)
}

type On = (side: Side, database: string) => Session

async function createRelations(ctx: MoveContext, on: On): Promise<void> {
  const { plan, scope, map } = frozenPlan(ctx)
  const context = { owned: plan.owned, scope, temporary: false }
  for (const side of ['source', 'target'] as const) {
    for (const database of ctx.cells[side].keys()) {
      const session = on(side, database)
      await raiseGuard(session, ctx.holder, { org: ctx.org, side, pass: ctx.journal.manifest().pass })
      const sets = plan.keySets.filter((set) => set.databases.includes(database)).map((set) => ({ relation: scope.relation(set), create: () => createKeySet(session, set, context) }))
      const maps = side === 'target' ? [] : plan.lookups.map((lookup) => ({ relation: map(lookup.no), create: () => createMap(session, lookup, { map, temporary: false }) }))
      await createMissing(session, [...sets, ...maps])
    }
  }
}

/** Each holds locks to the end of its transaction: far fewer than max_locks_per_transaction allows at its default. */
const RELATIONS_PER_TRANSACTION = 20

/** All that are not there yet, several in a transaction. */
async function createMissing(session: Session, relations: readonly { readonly relation: string; readonly create: () => Promise<void> }[]): Promise<void> {
  const found = await session.rows<{ relation: string }>('SELECT relation FROM unnest($1::text[]) AS relation WHERE pg_catalog.to_regclass(relation) IS NOT NULL', [relations.map(({ relation }) => relation)])
  const there = new Set(found.map(({ relation }) => relation))
  const missing = relations.filter(({ relation }) => !there.has(relation))
  for (let start = 0; start < missing.length; start += RELATIONS_PER_TRANSACTION) {
    await session.transaction('READ COMMITTED', async () => {
      for (const { create } of missing.slice(start, start + RELATIONS_PER_TRANSACTION)) await create()
    })
  }
}

async function resolveKeySets(ctx: MoveContext, on: On): Promise<number> {
  const { plan, scope } = frozenPlan(ctx)
  return fillKeySets({ owned: plan.owned, scope, temporary: false }, (database) => on('source', database))
}

async function fence(ctx: MoveContext, side: Side, on: On): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  for (const database of ctx.cells[side].keys()) {
    const session = on(side, database)
    ctx.progress({ kind: 'step', text: `fencing ${session.label}` })
    const catalog = await readCatalog(session)
    const subscribed = new Set((await subscribedTables(session)).map(({ table }) => tableKey(table)))
    // owners of others first: once they stand still, so do the sets that tell their children
    const owners = new Set(plan.keySets.flatMap((set) => set.tables.map(tableKey)))
    const tables = plan.owned.filter((table) => table.id.database === database).sort((a, b) => Number(owners.has(tableKey(b.id))) - Number(owners.has(tableKey(a.id))))
    await installFence({
      session,
      tables,
      scope,
      facts: { moveId: ctx.holder.moveId, org: ctx.org, side, pass: ctx.journal.manifest().pass },
      mayEnableAlways: (name) => ownsTable(catalog, name) && !subscribed.has(tableKey(name)),
      onWaiting: (reason) => ctx.progress({ kind: 'waiting', reason }),
      signal: ctx.signal,
    })
  }
}

function ownsTable(catalog: Catalog, name: TableName): boolean {
  return tableNamed(catalog, name)?.isOwner ?? false
}

/** Until no transaction is left that may not have seen the fence or its key sets, and the sets are complete. */
async function settle(ctx: MoveContext, on: On): Promise<void> {
  for (let added = 1; added > 0; ) {
    await drain(ctx, 'source', on)
    added = await resolveKeySets(ctx, on)
  }
  const { plan, scope } = frozenPlan(ctx)
  await rebuildKeySets({ owned: plan.owned, scope, temporary: false }, (database) => on('source', database))
  await assertKeysAgree(plan, scope, (database) => on('source', database))
  if (mayBeMisspelled(plan)) await withLimit([...ctx.cells.source.keys()].map((database) => on('source', database)), () => assertSpelled(ctx, on))
}

async function assertSpelled(ctx: MoveContext, on: On): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const source = new Map<string, Catalog>()
  for (const database of ctx.cells.source.keys()) source.set(database, await readCatalog(on('source', database)))
  await assertSpelledAlike({ plan, scope, catalogs: { source, target: new Map() }, session: on })
}

/** Statements of `work` end as those of checks do. */
async function withLimit(sessions: readonly Session[], work: () => Promise<void>): Promise<void> {
  for (const session of sessions) await session.execute(`SET statement_timeout = ${CHECK_LIMIT_MS}`)
  await work()
  for (const session of sessions) await session.execute('SET statement_timeout = 0')
}

async function drain(ctx: MoveContext, side: Side, on: On): Promise<void> {
  for (const database of ctx.cells[side].keys()) {
    await drainTransactions({
      session: on(side, database),
      timeoutMs: ctx.options.drainTimeoutMs,
      own: applicationName(ctx.holder.moveId),
      onWaiting: (reason) => ctx.progress({ kind: 'waiting', reason }),
      signal: ctx.signal,
    })
  }
}

/** Fills the maps from the rows as they are now, and notes which tables need none. */
async function mapLookups(ctx: MoveContext, on: On): Promise<void> {
  const { plan, map } = { ...frozenPlan(ctx), plan: ctx.journal.plan() }
  const identical: number[] = []
  for (const lookup of plan.lookups) {
    const match = await matchLookupTable(on('source', lookup.id.database), on('target', lookup.id.database), lookup)
    for (const database of ctx.cells.source.keys()) await fillMap(on('source', database), lookup, match, { map, temporary: false })
    if (match.missing.length === 0 && isIdentity(lookup, match)) identical.push(lookup.no)
  }
  await ctx.journal.addToManifest({ identicalLookups: identical })
}

async function shipKeySets(ctx: MoveContext, on: On): Promise<void> {
  const { plan, scope, map } = frozenPlan(ctx)
  for (const set of plan.keySets) {
    for (const database of set.databases) await shipToTarget(on('source', database), on('target', database), set, { owned: plan.owned, scope, temporary: false, map })
  }
}
