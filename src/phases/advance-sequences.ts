import type { Sequence } from '../domain/catalog.js'
import { sequencesServing } from '../domain/served-columns.js'
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

/** `sequences: advance`: moves the target's sequences past the ids that came in, never back, those of inserted shared rows included. Idempotent. */
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
    const catalog = await readCatalog(session)
    for (const { table, source } of loaded) {
      for (const { sequence, column } of sequencesServing(catalog, table.id)) {
        const id = await furthest(session, { sequence, column, source })
        if (id !== null) await session.rows(sql('copy/advance-sequence', { sequence: qualified(sequence) }), [qualified(sequence), id])
      }
    }
  })
}

/** The loaded id that is furthest in the direction of the sequence; what lies beyond its range it never gives. */
async function furthest(session: Session, { sequence, column, source: { from, where } }: { readonly sequence: Sequence; readonly column: string; readonly source: RowSource }): Promise<string | null> {
  const last = BigInt(sequence.increment) > 0n ? 'max' : 'min'
  return (await session.one<{ id: string | null }>(`SELECT ${last}(t.${ident(column)})::bigint::text AS id FROM ${from} WHERE (${where}) AND t.${ident(column)} BETWEEN ${sequence.min} AND ${sequence.max}`)).id
}
