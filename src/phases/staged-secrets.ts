import { bug } from '../domain/errors.js'
import type { Difference } from '../domain/documents.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { copyBetween } from '../dataplane/copy-stream.js'
import { guarded } from '../dataplane/guard.js'
import { identityColumns } from '../dataplane/owned-rows.js'
import { compareSealed, createSealedTable, sealedRelation } from '../dataplane/sealed-table.js'
import type { Binding } from '../secrets/sealed-secrets.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

/** Tables of one database whose secrets this process may not see: they are sealed and opened by others (staged mode). */
export function blindTables(ctx: MoveContext, database: string): readonly OwnedTable[] {
  const rows = ctx.journal.manifest().rows
  return frozenPlan(ctx).plan.owned.filter((table) => table.id.database === database && table.columns.some((column) => column.secrets.length > 0) && (rows === undefined || (rows[String(table.no)] ?? 0) > 0))
}

/** Whether secrets of this move travel sealed. */
export function isStaged(ctx: MoveContext): boolean {
  return ctx.secrets.mode === 'staged' && ctx.journal.plan().owned.some((table) => table.columns.some((column) => column.secrets.length > 0))
}

export function bindingOf(ctx: MoveContext, table: OwnedTable, column: string, key: readonly string[]): Binding {
  return { moveId: ctx.holder.moveId, database: table.id.database, schema: table.id.schema, table: table.id.name, column, key }
}

/** Brings what was sealed on the source to the target, in one transaction a database. Before that they were sealed: a move rests until then. */
export async function shipSealed(ctx: MoveContext): Promise<void> {
  if (!isStaged(ctx) || ctx.journal.manifest().opened === true) return
  if (ctx.journal.manifest().sealed === undefined) throw bug('secrets that travel sealed are copied, and nothing has been sealed')
  const relation = sealedRelation(ctx.holder.moveId)
  for (const database of ctx.cells.source.keys()) {
    if (blindTables(ctx, database).length === 0) continue
    await cellDatabase(ctx, 'target', database).admin.use((session) => createSealedTable(session, relation))
    await cellDatabase(ctx, 'source', database).read.use((source) =>
      cellDatabase(ctx, 'target', database).load.use((target) =>
        guarded(target, ctx.holder, async () => {
          await target.execute(`DELETE FROM ${relation}`)
          await copyBetween({ source, out: `COPY (SELECT table_no, key, column_name, sealed, digest FROM ${relation}) TO STDOUT`, target, into: `COPY ${relation} (table_no, key, column_name, sealed, digest) FROM STDIN` })
        }),
      ),
    )
  }
}

export interface SealedVerdict {
  readonly differences: readonly Difference[]
  /** Columns of rows whose secrets have not been opened, or were never sealed. */
  readonly pending: number
}

/** What the target holds of the sealed secrets, told without a key: by the digests that both sides made. */
export async function verifySealed(ctx: MoveContext): Promise<SealedVerdict> {
  const differences: Difference[] = []
  let pending = 0
  if (!isStaged(ctx)) return { differences, pending }
  const rows = ctx.journal.manifest().rows ?? {}
  for (const [database, cell] of ctx.cells.target) {
    for (const table of blindTables(ctx, database)) {
      const hidden = ctx.secrets.pass(table)?.columns ?? []
      const found = await cell.read.use((session) => compareSealed(session, sealedRelation(ctx.holder.moveId), table, hidden))
      const key = identityColumns(table)
      const expected = (rows[String(table.no)] ?? 0) * table.columns.filter((column) => column.secrets.length > 0).length
      pending += found.differences.filter((one) => one.pending).length + Math.max(0, expected - found.sealed)
      for (const one of found.differences.filter((difference) => !difference.pending)) {
        differences.push({ schema: table.id.schema, table: table.id.name, primaryKey: Object.fromEntries(key.map((column, n) => [column.name, one.key[n] ?? null])), kind: 'mismatching', columns: [one.column_name] })
      }
    }
  }
  return { differences, pending }
}
