import { tableKey } from '../domain/catalog.js'
import type { TableName } from '../domain/catalog.js'
import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace } from '../domain/finding.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { qualified } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'

/** A table that the mover deletes from, and where `updates` says so changes rows of. */
export interface WrittenTable {
  readonly id: TableName
  readonly updates: boolean
}

export interface Unwritable {
  readonly table: TableName
  /** All for whose sake it is so, by name. */
  readonly publications: readonly string[]
  readonly reason: 'identity' | 'filter' | 'columns' | 'generated'
}

const WHY: Readonly<Record<Unwritable['reason'], string>> = {
  identity: 'the table, or a partition of it, has no replica identity',
  filter: 'its row filter uses a column that is not part of the replica identity',
  columns: 'its column list does not cover the replica identity',
  generated: 'a generated column of the replica identity is not published',
}

/** Tables from which PostgreSQL lets nobody delete for the sake of publications, once for each reason. Reads the catalog as it is now. */
export async function unwritableTables(session: Session, tables: readonly WrittenTable[]): Promise<readonly Unwritable[]> {
  if (tables.length === 0) return []
  const rows = await session.rows<{ schema: string; name: string; publications: string[] } & Omit<Unwritable, 'table' | 'publications'>>(sql('prepare/unwritable'), [tables.map(({ id }) => id.schema), tables.map(({ id }) => id.name), tables.map(({ updates }) => updates)])
  return rows.map(({ schema, name, publications, reason }) => ({ table: { schema, name }, publications, reason }))
}

/**
 * What may be deleted from one database: by a purge on the source; on the target by an abort or a repair, which brings shared rows
 * up to date as well, as sealed secrets are written there when they are opened.
 */
export function writtenTables(plan: Pick<MovePlan, 'owned' | 'shared' | 'lookups'>, side: Side, database: string): readonly WrittenTable[] {
  const owned = plan.owned.map((table) => ({ ...table, updates: side === 'target' && table.columns.some(({ secrets }) => secrets.length > 0) }))
  const shared = plan.shared.filter(({ purge }) => side === 'target' || purge === 'unreferenced').map((table) => ({ ...table, updates: side === 'target' }))
  const lookups = side === 'target' ? plan.lookups.filter(({ insertMissing }) => insertMissing).map((table) => ({ ...table, updates: false })) : []
  return [...owned, ...shared, ...lookups].filter(({ id }) => id.database === database).map(({ id, updates }) => ({ id, updates }))
}

/** Tables of the move from which nobody can delete, so that neither purge nor abort could. */
export async function checkWritable(session: Session, plan: MovePlan, side: Side, place: FindingPlace & { readonly database: string }): Promise<readonly Finding[]> {
  const found = await unwritableTables(session, writtenTables(plan, side, place.database))
  return found.map((one) => finding('OM2116', 'error', { ...place, schema: one.table.schema, table: one.table.name }, { message: whyUnwritable(one), hint: howWritable(one) }))
}

export function whyUnwritable({ table, publications, reason }: Unwritable): string {
  const who = publications.length === 1 ? `publication ${publications.join()} publishes` : `publications ${publications.join(', ')} publish`
  return `${who} deletes or updates of ${tableKey(table)}, and ${WHY[reason]}: PostgreSQL refuses every DELETE or UPDATE, and so a purge or an abort`
}

export function howWritable({ table, reason }: Unwritable): string {
  if (reason === 'generated') return 'publish stored generated columns (publish_generated_columns = stored), take the table out of the publication, or give it a replica identity without generated columns'
  if (reason === 'columns') return 'list the columns of the replica identity in the publication (with REPLICA IDENTITY FULL no list may be given), or take the table out of it'
  return `ALTER TABLE ${qualified(table)} REPLICA IDENTITY FULL (of each partition), or a primary key or REPLICA IDENTITY USING INDEX over ${reason === 'filter' ? 'every column of the filter' : 'NOT NULL columns'}, not deferrable`
}
