import { setTimeout as sleep } from 'node:timers/promises'
import { ident, identList, literal, qualified } from '../../src/postgres/quote.js'
import type { BenchCells } from '../cells.js'
import { CELL } from '../mover.js'
import type { Peer, PeerTable } from './peer.js'

const POLL_MS = 20
const LONGEST_MS = 10 * 60_000

/**
 * The initial synchronisation of a subscription to the organization's rows. A row filter sees one row and no parent, so each table gets, outside the clock,
 * a column that says whose the row is; values cannot be remapped on the way, so ids of lookup tables arrive as they were.
 */
export function logicalReplication(tables: readonly PeerTable[]): Peer {
  return {
    name: 'logical replication, initial sync',
    missing: async () => null,
    prepare: async (cells) => {
      // the state that a move left has its fence, which would reject the column's values
      for (const row of await cells.query('source', CELL, `SELECT oid::regprocedure::text AS fence FROM pg_proc WHERE pronamespace = 'org_mover'::regnamespace AND prorettype = 'trigger'::regtype`)) await cells.query('source', CELL, `DROP FUNCTION ${String(row['fence'])} CASCADE`)
      for (const { table, rows } of tables) {
        const name = qualified(table.id)
        await cells.query('source', CELL, `SET session_replication_role = replica; ALTER TABLE ${name} ADD COLUMN peer_goes boolean`)
        const key = (table.identity ?? []).map((column) => `d.${ident(column)} = t.${ident(column)}`)
        const which = key.length > 0 && rows.from.startsWith('(') ? `UPDATE ${name} AS d SET peer_goes = true FROM (SELECT * FROM ${rows.from}) AS t WHERE ${key.join(' AND ')}` : `UPDATE ${name} AS t SET peer_goes = true WHERE ${rows.where}`
        await cells.query('source', CELL, `SET session_replication_role = replica; ${which}`)
      }
      await cells.query('source', CELL, 'VACUUM FULL')
      await cells.query('source', CELL, 'ANALYZE')
      // its workers have an empty search_path, under which checks that call functions by bare name fail
      const functions = await cells.query('target', CELL, `SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql'))`)
      for (const row of functions) await cells.query('target', CELL, `ALTER FUNCTION ${String(row['name'])} SET search_path = public`)
      const published = tables.map(({ table, columns }) => `${qualified(table.id)} (${identList([...columns])}) WHERE (peer_goes)`)
      await cells.query('source', CELL, `CREATE PUBLICATION peer FOR TABLE ${published.join(', ')} WITH (publish = 'insert', publish_via_partition_root = true)`)
    },
    run: async (cells) => {
      const source = new URL(cells.url('source', CELL))
      const connection = `host=${source.hostname} port=${source.port} dbname=${CELL} user=${source.username} password=${decodeURIComponent(source.password)}`
      await cells.query('target', CELL, `CREATE SUBSCRIPTION peer CONNECTION ${literal(connection)} PUBLICATION peer`)
      const deadline = performance.now() + LONGEST_MS
      while (!(await isInStep(cells))) {
        if (performance.now() > deadline) throw new Error('the subscription does not come into step: see the log of the target')
        await sleep(POLL_MS)
      }
    },
    cleanUp: async (cells) => void (await cells.query('target', CELL, 'DROP SUBSCRIPTION IF EXISTS peer')),
  }
}

async function isInStep(cells: BenchCells): Promise<boolean> {
  const [row] = await cells.query('target', CELL, `SELECT count(*) > 0 AND bool_and(srsubstate IN ('r', 's')) AS done FROM pg_subscription_rel`)
  return row?.['done'] === true
}
