import { tableKey } from '../domain/catalog.js'
import type { InboundReference, TableShape } from '../domain/move-plan.js'
import { columnOf, literal, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared } from './compare.js'
import { identityColumns, tableItself } from './owned-rows.js'
import { castTo } from './projection.js'
import { inboundMatch } from './shared-rows.js'

export interface Withdrawn {
  readonly table: TableShape
  readonly deleted: number
  readonly spared: number
}

/** Takes back the lookup and shared rows that a move inserted into one database; `tables` are those with rows in the ledger. */
export async function withdrawInserted(session: Session, tables: readonly TableShape[], moveId: string): Promise<readonly Withdrawn[]> {
  return withdrawUnreferenced(session, tables, (table) => ledgerKeys(table, moveId))
}

/**
 * Deletes rows by their keys (`keys` yields a FROM item k with columns k1, k2, …), except those that a row which stays refers
 * to: a neighbour may use them, and the replica role checks no foreign key. Call within `guarded`, after the organization's
 * own rows are gone. Yields the rows deleted and spared by table.
 */
export async function withdrawUnreferenced(session: Session, tables: readonly TableShape[], keys: (table: TableShape) => string): Promise<readonly Withdrawn[]> {
  const inserted = new Map<number, number>()
  for (const table of tables) {
    inserted.set(table.no, await session.execute(sql('withdraw/doomed', { relation: doomed(table), keys: typedKeys(table), ledger: keys(table) })))
    await session.execute(`ANALYZE ${doomed(table)}`)
    await session.rows(sql('withdraw/lock', { table: tableItself(table), relation: doomed(table), matches: keyMatch(table, 't') }))
  }
  // a spared row spares what it refers to itself: again until nothing more is spared
  for (let spared = 1; spared > 0; ) {
    spared = 0
    for (const table of tables) for (const inbound of table.inbound) spared += await spare(session, table, inbound, tables)
  }
  const results = []
  for (const table of tables) {
    const { left } = await session.one<{ left: string }>(`SELECT count(*)::text AS left FROM ${doomed(table)}`)
    const deleted = await session.execute(sql('withdraw/delete', { table: tableItself(table), relation: doomed(table), matches: keyMatch(table, 't') }))
    results.push({ table, deleted, spared: (inserted.get(table.no) ?? 0) - Number(left) })
  }
  return results
}

async function spare(session: Session, table: TableShape, inbound: InboundReference, tables: readonly TableShape[]): Promise<number> {
  const child = tables.find((other) => other.id.database === table.id.database && tableKey(other.id) === tableKey(inbound.table))
  const stays = child === undefined ? 'true' : `NOT EXISTS (SELECT 1 FROM ${doomed(child)} AS dx WHERE ${keyMatch(child, 'x', 'dx')})`
  return session.execute(sql('withdraw/spare', { relation: doomed(table), table: tableItself(table), child: `${qualified(inbound.table)} AS x`, matches: keyMatch(table, 't'), equal: inboundMatch(table, inbound), stays }))
}

function doomed(table: TableShape): string {
  return `pg_temp.org_mover_doomed_${table.no}`
}

function typedKeys(table: TableShape): string {
  return identityColumns(table).map((column, n) => `k.k${n + 1}::${castTo(column)} AS c${n + 1}`).join(', ')
}

function ledgerKeys(table: TableShape, moveId: string): string {
  const key = identityColumns(table)
  const arrays = key.map((_, n) => `(SELECT l.keys FROM org_mover.ledger_keys AS l WHERE l.move_id = c.move_id AND l.table_no = c.table_no AND l.chunk_no = c.chunk_no AND l.column_no = ${n + 1})`)
  const chunks = `(SELECT * FROM org_mover.ledger WHERE move_id = ${literal(moveId)}::uuid AND table_no = ${table.no}) AS c`
  return `${chunks} CROSS JOIN LATERAL unnest(${arrays.join(', ')}) AS k(${key.map((_, n) => `k${n + 1}`).join(', ')})`
}

function keyMatch(table: TableShape, alias: string, relation = 'd'): string {
  return identityColumns(table).map((column, n) => compared(columnOf(alias, column.name), '=', `${relation}.c${n + 1}`, column.equality)).join(' AND ')
}
