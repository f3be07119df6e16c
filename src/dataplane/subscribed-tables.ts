import { tableKey } from '../domain/catalog.js'
import type { TableName } from '../domain/catalog.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

/** A table to which a logical subscription of this database writes. */
export interface SubscribedTable {
  /** As the subscription has it: perhaps a partition. */
  readonly table: TableName
  /** The table that it is, or is a partition of. */
  readonly root: TableName
  readonly subscription: string
}

/** Tables of every subscription, whether it is enabled or not. Locks nothing. */
export async function subscribedTables(session: Session): Promise<readonly (SubscribedTable & { readonly enabled: boolean })[]> {
  const rows = await session.rows<{ schema: string; name: string; root_schema: string; root_name: string; subscription: string; enabled: boolean }>(sql('fence/subscribed'))
  return rows.map(({ schema, name, root_schema, root_name, subscription, enabled }) => ({ table: { schema, name }, root: { schema: root_schema, name: root_name }, subscription, enabled }))
}

/**
 * Those of the tables to which an enabled subscription writes. Its worker passes the fence, whose triggers are not ALWAYS there: what it
 * brought for the organization after the copy would be on the source alone (P1, P3).
 */
export async function unfencedTables(session: Session, tables: readonly TableName[]): Promise<readonly SubscribedTable[]> {
  const moving = new Set(tables.map(tableKey))
  return (await subscribedTables(session)).filter(({ table, root, enabled }) => enabled && (moving.has(tableKey(table)) || moving.has(tableKey(root))))
}
