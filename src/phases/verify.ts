import { tableKey } from '../domain/catalog.js'
import { NOT_VERIFIED } from '../domain/documents.js'
import type { Difference, Verification } from '../domain/documents.js'
import { MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { chunkRows, countOwned } from '../dataplane/chunks.js'
import { diffChunk } from '../dataplane/diff-chunk.js'
import type { ChunkDiff } from '../dataplane/diff-chunk.js'
import { fingerprint, seedsOf, storedText } from '../dataplane/fingerprint.js'
import { inlineScope } from '../dataplane/inline-scope.js'
import { ledgerRows, unsentRows } from '../dataplane/ledger.js'
import { ownedRows } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { isProjected } from '../dataplane/projection.js'
import { compareSides } from '../dataplane/side-fingerprint.js'
import type { Compared } from '../dataplane/side-fingerprint.js'
import type { Session } from '../postgres/session.js'
import { cellDatabase } from './context.js'
import type { ChunkRecord, MoveContext } from './context.js'
import { coveringChunks } from './covering-chunks.js'
import { OwnerRanges } from './owner-ranges.js'
import { inParallel } from './parallel.js'
import { proveConstraints } from './prove-constraints.js'
import { frozenPlan } from './scopes.js'
import { settleReplicas } from './settle-replicas.js'
import { isStaged, verifySealed } from './staged-secrets.js'
import { assertWorldUnchanged } from './world.js'

const MOST_EXAMPLES = 100
const MOST_UNSENT = 20

/**
 * Reads both sides again, independently: count and fingerprint of every chunk, then per table the totals by another path than
 * the copy went, then what the replica role did not check (foreign keys, deferrable constraints). Throws OM4001 where
 * differences are proven, with the rows named; OM4002 where a table was not seen to its end.
 */
export async function verify(ctx: MoveContext): Promise<void> {
  const { servers } = await assertWorldUnchanged(ctx, 'before verification')
  await ctx.journal.addToManifest({ serversAtVerification: servers })
  await ctx.secrets.open(ctx.journal.plan())
  ctx.secrets.tally.clear()
  await settleReplicas(ctx)
  const tally = new Tally()
  const ranges = await verifyChunks(ctx, tally)
  await verifyTotals(ctx, tally, ranges)
  const sealed = await verifySealed(ctx)
  tally.add({ missing: 0, extraneous: 0, mismatching: sealed.differences.length, examples: sealed.differences })
  const dangling = await proveConstraints(ctx)
  const result = tally.result(dangling === null)
  const verification = sealed.pending > 0 && result.verdict === 'equal' ? { ...result, verdict: 'incomplete' as const } : result
  await ctx.journal.saveVerification(verification)
  if (!isStaged(ctx)) await ctx.journal.addToManifest({ secrets: ctx.secrets.tally.counts() })
  if (dangling !== null) throw dangling
  if (verification.verdict === 'different') throw different(verification)
  if (verification.verdict === 'incomplete') throw notOpened(ctx, sealed.pending)
  await ctx.participants.verify()
}

class Tally {
  #rows = 0
  #tables = new Set<number>()
  #missing = 0
  #extraneous = 0
  #mismatching = 0
  readonly #examples: Difference[] = []

  saw(tableNo: number, rows: number): void {
    this.#tables.add(tableNo)
    this.#rows += rows
  }

  /** Whether a difference of that table is known already. */
  differs(table: OwnedTable): boolean {
    return this.#examples.some((example) => example.schema === table.id.schema && example.table === table.id.name)
  }

  add(diff: ChunkDiff): void {
    this.#missing += diff.missing
    this.#extraneous += diff.extraneous
    this.#mismatching += diff.mismatching
    this.#examples.push(...diff.examples.slice(0, MOST_EXAMPLES - this.#examples.length))
  }

  result(constraintsHold: boolean): Verification {
    const equal = this.#missing + this.#extraneous + this.#mismatching === 0 && constraintsHold
    return { verdict: equal ? 'equal' : 'different', tables: this.#tables.size, rows: this.#rows, missing: this.#missing, extraneous: this.#extraneous, mismatching: this.#mismatching, examples: this.#examples }
  }
}

async function verifyChunks(ctx: MoveContext, tally: Tally): Promise<OwnerRanges> {
  const { plan } = frozenPlan(ctx)
  const tables = new Map(plan.owned.map((table) => [table.no, table]))
  await ctx.journal.saveVerification({ ...NOT_VERIFIED, verdict: 'incomplete' })
  // biggest first: a large chunk begun last would be waited for alone
  const chunks = [...(await coveringChunks(ctx))].sort((a, b) => b.rows - a.rows)
  const ranges = new OwnerRanges(ctx, chunks)
  ctx.progress({ kind: 'total', rows: Object.values(ctx.journal.manifest().rows ?? {}).reduce((sum, n) => sum + n, 0), tables: new Set(chunks.map((c) => c.tableNo)).size })
  await inParallel(chunks, { jobs: ctx.options.jobs, signal: ctx.signal, pace: ctx.pace }, async (chunk) => {
    ctx.journal.assertGoesOn()
    const table = tables.get(chunk.tableNo)
    if (table === undefined) throw new RangeError(`no table ${chunk.tableNo} in the plan`)
    const rows = await verifyChunk(ctx, table, chunk, { tally, ranges })
    tally.saw(table.no, rows)
    ctx.progress({ kind: 'moved', table: tableKey(table.id), rows, bytes: 0 })
  })
  return ranges
}

/**
 * Yields the rows that both sides have; differences go to the tally. What the parents tell on each side is compared first; where it is not equal, the rows of
 * the copy's own way, key sets there and the ledger's keys here, tell whether the chunk itself differs.
 */
async function verifyChunk(ctx: MoveContext, table: OwnedTable, chunk: ChunkRecord, { tally, ranges }: { readonly tally: Tally; readonly ranges: OwnerRanges }): Promise<number> {
  const { scope, map } = frozenPlan(ctx)
  const seeds = seedsOf(ctx.holder.moveId)
  const secrets = ctx.secrets.pass(table)
  const byKeys = { source: chunkRows(table, scope, chunk), target: table.identity === null ? ownedRows(table, scope) : ledgerRows(table, ctx.holder.moveId, chunk) }
  const byOwner = await ranges.rowsOf(table, chunk)
  const { database } = table.id
  return cellDatabase(ctx, 'source', database).rowsOf(table).use((source) =>
    cellDatabase(ctx, 'target', database).read.use(async (target) => {
      const compare = (rows: Readonly<Record<Side, RowSource>>): Promise<Compared> => compareSides({ table, map, secrets, seeds }, { source, target }, rows)
      const seen = byOwner === null ? null : await compare(byOwner)
      if (seen?.same === true) ranges.foundEqual(table)
      const { sent, held, same, from } = seen?.same === true ? seen : await compare(byKeys)
      const stored = isProjected(table) || secrets !== null ? await fingerprint(source, storedText(table), from, seeds) : sent
      if (!same) tally.add(await diffChunk({ table, map, secrets, source: { session: source, rows: byKeys.source }, target: { session: target, rows: byKeys.target } }))
      await ctx.journal.markChunk({ tableNo: table.no, chunkNo: chunk.chunkNo, verified: same, rows: held.rows, source: sent, target: held, stored })
      return Math.min(sent.rows, held.rows)
    }),
  )
}

/**
 * Per table, the organization's rows on both sides by the parents themselves, on the source by the primary whatever the copy read: nothing may exist that no chunk covered. What
 * the ranges prove needs no count. What the chunks have explained already (a row lost from one, a row re-owned in one) is not counted again.
 */
async function verifyTotals(ctx: MoveContext, tally: Tally, ranges: OwnerRanges): Promise<void> {
  const { plan, scope } = frozenPlan(ctx)
  const covered = { source: new Map<number, number>(), target: new Map<number, number>() }
  for (const { tableNo, rows, stored } of await ctx.journal.chunks()) {
    covered.source.set(tableNo, (covered.source.get(tableNo) ?? 0) + (stored?.rows ?? 0))
    covered.target.set(tableNo, (covered.target.get(tableNo) ?? 0) + rows)
  }
  for (const side of ['source', 'target'] as const) {
    for (const database of ctx.cells[side].keys()) {
      const tables = plan.owned.filter((table) => table.id.database === database && !ranges.prove(side, table))
      const inline = inlineScope(plan, database, scope)
      await cellDatabase(ctx, side, database).read.use(async (session) => {
        const counts = await countOwned(session, tables, inline)
        for (const table of tables) {
          const found = counts.get(table.no)
          if (found === undefined) throw incomplete(tableKey(table.id))
          const more = found - (covered[side].get(table.no) ?? 0)
          tally.saw(table.no, 0)
          if (more === 0) continue
          if (side === 'target' && more > 0) tally.add(await unsent(ctx, session, table, ownedRows(table, inline), more))
          else if (side === 'source' || !tally.differs(table)) tally.add(uncovered(table, 'missing', Math.abs(more)))
        }
      })
    }
  }
}

/** Rows of the organization on the target that were never sent, by their keys. */
async function unsent(ctx: MoveContext, session: Session, table: OwnedTable, rows: RowSource, more: number): Promise<ChunkDiff> {
  if (table.identity === null) return uncovered(table, 'extraneous', more)
  const { total, keys } = await unsentRows(session, table, ctx.holder.moveId, rows, MOST_UNSENT)
  if (total === 0) return uncovered(table, 'extraneous', more)
  const examples = keys.map((primaryKey): Difference => ({ schema: table.id.schema, table: table.id.name, primaryKey, kind: 'extraneous', columns: [] }))
  return { missing: 0, extraneous: total, mismatching: 0, examples }
}

/** A difference in number that no key explains. */
function uncovered(table: OwnedTable, kind: 'missing' | 'extraneous', rows: number): ChunkDiff {
  return { missing: 0, extraneous: 0, mismatching: 0, [kind]: rows, examples: [{ schema: table.id.schema, table: table.id.name, primaryKey: {}, kind, columns: [] }] }
}

function different(verification: Verification): MoverError {
  const named = verification.examples.slice(0, 5).map((e) => `${e.schema}.${e.table} ${Object.values(e.primaryKey).join('/')} (${e.kind}${e.columns.length > 0 ? `: ${e.columns.join(', ')}` : ''})`)
  return new MoverError({
    code: 'OM4001',
    message: `verification found ${verification.missing} missing, ${verification.extraneous} extraneous and ${verification.mismatching} mismatching row(s): ${named.join('; ')}. The route is unchanged and the source still fenced`,
    hint: 'find out what changed the rows; `org-mover resume` loads the differing chunks again, a few times at most, and verifies again; rows that were never sent stay, for you to look at; `org-mover abort` takes the move back',
    retry: 'after-fix',
  })
}

function notOpened(ctx: MoveContext, columns: number): MoverError {
  return new MoverError({ code: 'OM4002', message: `${columns} secret(s) have not been opened on ${ctx.target} yet; the route is unchanged and the source still fenced`, hint: `run \`org-mover secrets open ${ctx.holder.moveId}\` where the keys of ${ctx.target} are, then \`org-mover resume\``, retry: 'after-fix' })
}

function incomplete(table: string): MoverError {
  return new MoverError({ code: 'OM4002', message: `table ${table} was not counted; the route is unchanged and the source still fenced`, hint: 'run `org-mover resume`', retry: 'safe' })
}
