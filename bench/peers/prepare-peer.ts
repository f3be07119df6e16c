import { loadedColumns } from '../../src/dataplane/projection.js'
import type { MovePlan } from '../../src/domain/move-plan.js'
import { identList, qualified } from '../../src/postgres/quote.js'
import { withClient } from '../cells.js'
import type { BenchCells } from '../cells.js'
import { CELL } from '../mover.js'

/** Templates of the peers' cells; made of the state that the mover's first, unmeasured move left behind. */
export const PEER = 'template_peer'

/**
 * Gives the peers, outside the clock, what no pipe can do: the source has the map tables of the lookups, the target already has
 * the shared and lookup rows, and none of the tables' own triggers fires there (they would overwrite ids and make rows; to
 * switch them off takes the tables' owner and hits every organization).
 */
export async function preparePeer(cells: BenchCells, plan: MovePlan, template: string): Promise<void> {
  await cells.query('source', 'postgres', `ALTER DATABASE ${CELL} RENAME TO ${PEER}`)
  await cells.restore('target', PEER, template)
  await withClient(cells.url('target', CELL), (from) =>
    withClient(cells.url('target', PEER), async (to) => {
      await to.query('SET session_replication_role = replica')
      for (const table of [...plan.lookups, ...plan.shared]) {
        const names = identList(loadedColumns(table).map((column) => column.name))
        const rows = await from.query<{ rows: string }>(`SELECT coalesce(json_agg(t), '[]')::text AS rows FROM ${qualified(table.id)} AS t`)
        await to.query(`INSERT INTO ${qualified(table.id)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM json_populate_recordset(NULL::${qualified(table.id)}, $1) ON CONFLICT DO NOTHING`, [rows.rows[0]?.rows])
      }
      for (const table of plan.owned) await to.query(`ALTER TABLE ${qualified(table.id)} DISABLE TRIGGER USER`)
      await to.query('VACUUM (ANALYZE)')
    }),
  )
  await withClient(cells.url('source', PEER), (client) => client.query('VACUUM (ANALYZE)'))
}
