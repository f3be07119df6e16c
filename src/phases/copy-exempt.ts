import { createHash } from 'node:crypto'
import { tableKey } from '../domain/catalog.js'
import { asMoverError, MoverError } from '../domain/errors.js'
import type { LookupMatch, LookupRow } from '../domain/match-lookup.js'
import type { LookupTable, SharedTable, TableShape } from '../domain/move-plan.js'
import { unitKey } from '../domain/ownership.js'
import { guarded } from '../dataplane/guard.js'
import { fillMap, insertMissing, lookupColumns, matchLookupTable, unmatchedUses } from '../dataplane/lookup-maps.js'
import type { UnmatchedUse } from '../dataplane/lookup-maps.js'
import { ownedRows } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { createSharedSet, fillSharedSets, holdShared, insertAbsent, repairDrift, sharedRows, stageShared } from '../dataplane/shared-rows.js'
import type { SharedComparison } from '../dataplane/shared-rows.js'
import { readLedger } from '../dataplane/ledger.js'
import { withLockRetries } from '../fence/lock-retries.js'
import { readCatalog } from '../postgres/read-catalog.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

/** Resolves the shared rows that go along, adds the lookup rows that the target lacks, and completes the maps with their ids. */
export async function insertMissingLookups(ctx: MoveContext): Promise<void> {
  await resolveShared(ctx)
  const plan = ctx.journal.plan()
  const digests: Record<string, string> = {}
  for (const lookup of inOrderOfReference(plan.lookups)) {
    let match = await matched(ctx, lookup)
    const used = await usedButMissing(ctx, lookup)
    if (used.length > 0) {
      await insertRows(ctx, lookup, match, used)
      match = await matched(ctx, lookup)
      await refill(ctx, lookup, match)
      const still = await usedButMissing(ctx, lookup)
      if (still.length > 0) throw unmatched(lookup, still, ctx.target)
    }
    digests[String(lookup.no)] = digestOf(match)
  }
  await ctx.journal.addToManifest({ lookupDigests: digests })
}

/** At the cutover: the lookup rows are matched as they were when the values were remapped. */
export async function assertLookupsUnchanged(ctx: MoveContext): Promise<void> {
  for (const lookup of ctx.journal.plan().lookups) {
    if (digestOf(await matched(ctx, lookup)) === ctx.journal.manifest().lookupDigests?.[String(lookup.no)]) continue
    throw new MoverError({ code: 'OM4003', message: `rows of lookup table ${tableKey(lookup.id)} have changed since the load; the route is unchanged and the source still fenced`, hint: 'abort the move and start it again', retry: 'after-fix' })
  }
}

async function matched(ctx: MoveContext, lookup: LookupTable): Promise<LookupMatch> {
  const { database } = lookup.id
  return cellDatabase(ctx, 'source', database).read.use((source) => cellDatabase(ctx, 'target', database).read.use((target) => matchLookupTable(source, target, lookup)))
}

function digestOf(match: LookupMatch): string {
  const pairs = match.pairs.map(({ source, target }) => JSON.stringify([source, target])).sort()
  return createHash('sha256').update(pairs.join('\n')).digest('hex')
}

interface UsedRow extends UnmatchedUse {
  readonly referenced: readonly string[]
}

/** Keys that moving rows use and the map does not know. */
async function usedButMissing(ctx: MoveContext, lookup: LookupTable): Promise<readonly UsedRow[]> {
  const { map } = frozenPlan(ctx)
  const uses: UsedRow[] = []
  for (const { table, source } of movingTables(ctx)) {
    for (const reference of table.references) {
      if (!reference.parents.some(({ id }) => unitKey(id) === unitKey(lookup.id))) continue
      const found = await cellDatabase(ctx, 'source', table.id.database).read.use((session) =>
        unmatchedUses(session, { table, source, reference, lookup, relation: map(lookup.no) }),
      )
      uses.push(...found.map((use) => ({ ...use, referenced: reference.parentColumns })))
    }
  }
  return uses
}

function movingTables(ctx: MoveContext): readonly { readonly table: TableShape; readonly source: RowSource }[] {
  // the plan as it was made: what needs no remapping is not left out here
  const { scope, shared } = frozenPlan(ctx)
  const plan = ctx.journal.plan()
  const rows = ctx.journal.manifest().rows ?? {}
  return [
    ...plan.owned.filter((table) => (rows[String(table.no)] ?? 0) > 0).map((table) => ({ table, source: ownedRows(table, scope) })),
    ...plan.shared.map((table) => ({ table, source: sharedRows(table, shared) })),
  ]
}

async function insertRows(ctx: MoveContext, lookup: LookupTable, match: LookupMatch, used: readonly UsedRow[]): Promise<void> {
  if (!lookup.insertMissing) throw unmatched(lookup, used, ctx.target)
  const { database } = lookup.id
  const { map } = frozenPlan(ctx)
  const columns = lookupColumns(lookup)
  const isUsed = (row: LookupRow): boolean => used.some((use) => use.referenced.every((name, n) => row[columns.indexOf(name)] === use.key[n]))
  const missing = match.missing.filter(isUsed)
  await cellDatabase(ctx, 'target', database).load.use(async (target) => {
    const catalog = await readCatalogOf(ctx, database)
    const hasDefault = (column: string): boolean => {
      const found = catalog.tables.find((t) => tableKey(t) === tableKey(lookup.id))?.columns.find((c) => c.name === column)
      return found !== undefined && (found.default !== null || found.identity !== null)
    }
    const taken = (await readLedger(target, ctx.holder.moveId)).filter((row) => row.tableNo === lookup.no).length
    for (const [n, row] of missing.entries()) {
      await cellDatabase(ctx, 'source', database).read.use((source) =>
        guarded(target, ctx.holder, () => insertMissing({ source, target }, { table: lookup, row, chunkNo: taken + n + 1, holder: ctx.holder, map, hasDefault })),
      )
    }
  })
}

async function readCatalogOf(ctx: MoveContext, database: string): ReturnType<typeof readCatalog> {
  return cellDatabase(ctx, 'target', database).read.use((session) => readCatalog(session))
}

async function refill(ctx: MoveContext, lookup: LookupTable, match: LookupMatch): Promise<void> {
  const { map } = frozenPlan(ctx)
  for (const db of ctx.cells.source.values()) await db.admin.use((session) => fillMap(session, lookup, match, { map, temporary: false }))
}

/** A lookup table that refers to another comes after it. */
function inOrderOfReference(lookups: readonly LookupTable[]): readonly LookupTable[] {
  const ordered: LookupTable[] = []
  const visit = (table: LookupTable, path: readonly LookupTable[]): void => {
    if (ordered.includes(table) || path.includes(table)) return
    for (const reference of table.references) {
      for (const parent of lookups.filter((other) => reference.parents.some(({ id }) => unitKey(id) === unitKey(other.id)))) visit(parent, [...path, table])
    }
    ordered.push(table)
  }
  for (const table of lookups) visit(table, [])
  return ordered
}

async function resolveShared(ctx: MoveContext): Promise<void> {
  const { plan, shared } = frozenPlan(ctx)
  const rows = ctx.journal.manifest().rows ?? {}
  for (const [database, cell] of ctx.cells.source) {
    await cell.admin.use(async (session) => {
      for (const table of plan.shared.filter((t) => t.id.database === database)) {
        const { there } = await session.one<{ there: boolean }>('SELECT pg_catalog.to_regclass($1) IS NOT NULL AS there', [shared.relation(table.no)])
        if (!there) await session.transaction('READ COMMITTED', () => createSharedSet(session, table, shared))
      }
      await fillSharedSets(session, database, shared, (no) => (rows[String(no)] ?? 0) > 0)
    })
  }
}

/** Inserts the shared rows that the target lacks. Throws OM2113 where one that is there differs. */
export async function loadShared(ctx: MoveContext): Promise<void> {
  for (const table of frozenPlan(ctx).plan.shared) {
    ctx.progress({ kind: 'step', text: `shared rows of ${tableKey(table.id)}` })
    const compared = await bringShared(ctx, table)
    if (compared.differing > 0) throw sharedDiffers(ctx, table, { ...compared, absent: 0 })
  }
}

/** Compares one table's shared rows with the target, inserts what is absent and repairs what drifted, in one guarded transaction. */
async function bringShared(ctx: MoveContext, table: SharedTable): Promise<SharedComparison> {
  const { shared, map } = frozenPlan(ctx)
  const { database } = table.id
  return cellDatabase(ctx, 'source', database).read.use((source) =>
    cellDatabase(ctx, 'target', database).load.use((target) =>
      guarded(target, ctx.holder, async () => {
        const first = await stageShared({ source, target }, table, shared, map)
        const repaired = first.differing > 0 ? await repairDrift(target, table, shared, ctx.holder) : 0
        const compared = repaired > 0 ? await stageShared({ source, target }, table, shared, map) : first
        const taken = (await readLedger(target, ctx.holder.moveId)).filter((row) => row.tableNo === table.no).length
        await insertAbsent(target, table, ctx.holder, taken + 1)
        return compared
      }),
    ),
  )
}

/**
 * Runs `work` while the shared rows of the target are held as they were compared, so that none can change before the flip;
 * their users wait that long. Call after `loadShared`. Throws OM2113 where one differs or is gone, OM3003 where another session keeps one locked.
 */
export async function withSharedHeld(ctx: MoveContext, work: () => Promise<void>): Promise<void> {
  const databases = [...ctx.cells.target.keys()].filter((database) => frozenPlan(ctx).plan.shared.some((table) => table.id.database === database))
  const { failure } = await withLockRetries({ what: 'shared rows', onWaiting: (reason) => ctx.progress({ kind: 'waiting', reason }), signal: ctx.signal }, () => holdIn(ctx, databases, () => outcomeOf(work)))
  if (failure !== undefined) throw failure
}

interface Outcome {
  /** Not thrown while locks are held: only the lock itself is tried again. */
  readonly failure?: Error
}

async function outcomeOf(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work()
    return {}
  } catch (error) {
    return { failure: asMoverError(error) }
  }
}

async function holdIn(ctx: MoveContext, [database, ...others]: readonly string[], work: () => Promise<Outcome>): Promise<Outcome> {
  if (database === undefined) return work()
  const { plan, shared, map } = frozenPlan(ctx)
  return cellDatabase(ctx, 'target', database).load.use((target) =>
    guarded(target, ctx.holder, async () => {
      await cellDatabase(ctx, 'source', database).read.use(async (source) => {
        for (const table of plan.shared.filter((one) => one.id.database === database)) {
          const compared = await holdShared({ source, target }, table, shared, map)
          if (compared.differing + compared.absent > 0) throw sharedDiffers(ctx, table, compared)
        }
      })
      return holdIn(ctx, others, work)
    }),
  )
}

function sharedDiffers(ctx: MoveContext, table: SharedTable, compared: SharedComparison): MoverError {
  return new MoverError({
    code: 'OM2113',
    message: `${compared.differing + compared.absent} row(s) of shared table ${tableKey(table.id)} ${compared.differing > 0 ? `have another content on ${ctx.target}` : `are gone from ${ctx.target} since they were compared`} (${(table.identity ?? []).join(', ')}: ${compared.examples.slice(0, 5).map((key) => key.join('/')).join(', ')}); the source is fenced`,
    hint: 'make them equal, or name the columns under differ_by, then run `org-mover resume`; `org-mover abort` takes the move back',
    retry: 'after-fix',
  })
}

function unmatched(lookup: LookupTable, used: readonly UsedRow[], target: string): MoverError {
  return new MoverError({
    code: 'OM2112',
    message: `moving rows refer to ${used.length} row(s) of ${tableKey(lookup.id)} that ${target} does not have: ${used.slice(0, 5).map((use) => use.key.join('/')).join(', ')}`,
    hint: 'add them on the target, or declare insert_missing: true; then run `org-mover resume`',
    retry: 'after-fix',
  })
}
