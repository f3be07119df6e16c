import type { OwnedTable } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { areReadAsOne, rowsInRange } from '../dataplane/chunks.js'
import type { Chunk } from '../dataplane/chunks.js'
import { inlineScope } from '../dataplane/inline-scope.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

/**
 * The organization's rows as the parents themselves tell them on each cell, cut at the bounds of the chunks: another way to them than the copy took, which
 * went by key sets and left keys in the ledger. Where the ranges of a table are equal on both sides one by one, the table has on either side what the
 * chunks have and nothing else of the organization (decision 010).
 */
export class OwnerRanges {
  readonly #ctx: MoveContext
  readonly #chunks = new Map<number, Chunk[]>()
  readonly #areCheap = new Map<number, Promise<boolean>>()
  readonly #equal = new Map<number, number>()

  constructor(ctx: MoveContext, chunks: readonly Chunk[]) {
    this.#ctx = ctx
    for (const chunk of chunks) this.#chunks.set(chunk.tableNo, [...(this.#chunks.get(chunk.tableNo) ?? []), chunk])
  }

  /** Null where the indexes of one side would have each range read through all rows of the organization again. */
  async rowsOf(table: OwnedTable, chunk: Chunk): Promise<Readonly<Record<Side, RowSource>> | null> {
    const known = this.#areCheap.get(table.no) ?? this.#areReadAsOne(table)
    this.#areCheap.set(table.no, known)
    if (!(await known)) return null
    const { plan, scope } = frozenPlan(this.#ctx)
    const rows = rowsInRange(table, inlineScope(plan, table.id.database, scope), chunk)
    return { source: rows, target: rows }
  }

  foundEqual(table: OwnedTable): void {
    this.#equal.set(table.no, (this.#equal.get(table.no) ?? 0) + 1)
  }

  /** Whether nothing of the organization can be in that side's table but what the chunks have. What a replica showed says nothing of its primary. */
  prove(side: Side, table: OwnedTable): boolean {
    const cell = cellDatabase(this.#ctx, side, table.id.database)
    const chunks = this.#chunks.get(table.no)?.length ?? 0
    return chunks > 0 && this.#equal.get(table.no) === chunks && (side === 'target' || cell.rowsOf(table) === cell.read)
  }

  async #areReadAsOne(table: OwnedTable): Promise<boolean> {
    const chunks = this.#chunks.get(table.no) ?? []
    if (chunks.length < 2) return true
    const { plan, scope } = frozenPlan(this.#ctx)
    const { database } = table.id
    const on = (side: Side): Promise<boolean> => cellDatabase(this.#ctx, side, database).read.use((session) => areReadAsOne(session, table, inlineScope(plan, database, scope), chunks))
    return (await Promise.all([on('source'), on('target')])).every((cheap) => cheap)
  }
}
