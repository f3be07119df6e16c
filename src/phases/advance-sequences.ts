import { tableKey } from '../domain/catalog.js'
import type { TableShape } from '../domain/move-plan.js'
import { ledgerRows, readLedger } from '../dataplane/ledger.js'
import { ownedRows } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { ident, qualified } from '../postgres/quote.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

/** `sequences: advance`: moves the target's sequences past the ids that came in, upward only, those of inserted shared rows included. Idempotent. */
export async function advanceSequences(ctx: MoveContext, database: string): Promise<void> {
  if (ctx.options.sequences !== 'advance') return
  const { plan, scope } = frozenPlan(ctx)
  const rows = ctx.journal.manifest().rows ?? {}
  await cellDatabase(ctx, 'target', database).admin.use(async (session) => {
    const ledger = await readLedger(session, ctx.holder.moveId)
    const owned = plan.owned.filter((table) => table.id.database === database && (rows[String(table.no)] ?? 0) > 0)
    const shared = plan.shared.filter((table) => table.id.database === database)
    const loaded = [
      ...owned.map((table) => ({ table, source: ownedRows(table, scope) })),
      ...shared.flatMap((table) => ledger.filter((chunk) => chunk.tableNo === table.no).map((chunk) => ({ table, source: ledgerRows(table, ctx.holder.moveId, chunk) }))),
    ]
    if (loaded.length === 0) return
    const { sequences } = await readCatalog(session)
    for (const sequence of sequences) {
      const { usedBy } = sequence
      if (usedBy === null || BigInt(sequence.increment) < 0n) continue
      for (const { table, source } of loaded) {
        if (tableKey(usedBy.table) !== tableKey(table.id)) continue
        const max = await greatest(session, table, usedBy.column, source)
        if (max !== null && BigInt(max) <= BigInt(sequence.max)) await session.rows(sql('copy/advance-sequence', { sequence: qualified(sequence) }), [qualified(sequence), max])
      }
    }
  })
}

async function greatest(session: Session, table: TableShape, name: string, { from, where }: RowSource): Promise<string | null> {
  const column = table.columns.find((one) => one.name === name)
  if (column === undefined || column.castType.name !== 'int8') return null
  return (await session.one<{ max: string | null }>(`SELECT max(t.${ident(name)})::text AS max FROM ${from} WHERE ${where}`)).max
}
