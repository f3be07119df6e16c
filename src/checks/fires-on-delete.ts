import { tableKey } from '../domain/catalog.js'
import type { TableName } from '../domain/catalog.js'
import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace } from '../domain/finding.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

export interface Firing {
  readonly table: TableName
  readonly names: readonly string[]
}

/** Triggers and rules of these tables that a DELETE would fire even in the replica role, by table. Reads the catalog as it is now. */
export async function firesOnDelete(session: Session, tables: readonly TableName[]): Promise<readonly Firing[]> {
  const rows = await session.rows<{ schema: string; table: string; name: string }>(sql('purge/firing'), [tables.map(({ schema }) => schema), tables.map(({ name }) => name)])
  const found = new Map<string, { readonly table: TableName; readonly names: string[] }>()
  for (const { schema, table, name } of rows) {
    const id = { schema, name: table }
    const known = found.get(tableKey(id)) ?? { table: id, names: [] }
    found.set(tableKey(id), { ...known, names: [...known.names, name] })
  }
  return [...found.values()]
}

/** What a later purge may delete from in one database of the source. */
export function purgedTables(plan: Pick<MovePlan, 'owned' | 'shared'>, database: string): readonly TableName[] {
  return [...plan.owned, ...plan.shared.filter(({ purge }) => purge === 'unreferenced')].map(({ id }) => id).filter((id) => id.database === database)
}

/** A warning each: the move itself deletes nothing on the source, but its purge refuses until they are gone. */
export async function checkPurgeable(session: Session, plan: MovePlan, place: FindingPlace & { readonly database: string }): Promise<readonly Finding[]> {
  return (await firesOnDelete(session, purgedTables(plan, place.database))).map(({ table, names }) =>
    finding('OM2117', 'warning', { ...place, schema: table.schema, table: table.name }, {
      message: `${names.join(', ')} of ${tableKey(table)} would act on each row that the purge deletes, even in the replica role, and could change rows of others: the purge will refuse`,
      hint: 'before the purge: ALTER TABLE … ENABLE TRIGGER or ENABLE RULE (not ALWAYS or REPLICA), or drop them',
    }),
  )
}
