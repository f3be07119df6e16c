import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace } from '../domain/finding.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

/**
 * Partitions that are foreign tables: nothing here can fence what another server holds. On the source an error, since the organization's rows
 * may be among them; on the target a warning, since only rows within their bounds would go there.
 */
export async function checkForeignPartitions(session: Session, plan: Pick<MovePlan, 'owned'>, side: Side, place: FindingPlace & { readonly database: string }): Promise<readonly Finding[]> {
  const tables = plan.owned.filter(({ id, partitioned }) => partitioned && id.database === place.database).map(({ id }) => id)
  if (tables.length === 0) return []
  const rows = await session.rows<{ schema: string; table: string; partition: string }>(sql('prepare/foreign-partitions'), [tables.map(({ schema }) => schema), tables.map(({ name }) => name)])
  return rows.map(({ schema, table, partition }) =>
    finding('OM2131', side === 'source' ? 'error' : 'warning', { ...place, schema, table }, {
      message: `partition ${partition} of ${schema}.${table} is a foreign table: ${side === 'source' ? 'its rows are on another server, where the mover can fence and delete nothing' : 'rows within its bounds would be sent on to another server'}`,
      hint: 'detach the partition for the move, or bring its rows into a partition of this database',
    }),
  )
}
