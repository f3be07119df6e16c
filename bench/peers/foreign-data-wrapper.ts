import { ident, identList, literal, qualified } from '../../src/postgres/quote.js'
import { withClient } from '../cells.js'
import { CELL } from '../mover.js'
import type { Peer, PeerTable } from './peer.js'

/** `INSERT … SELECT` through postgres_fdw, table after table: the rows that are to go are views on the source. */
export function foreignDataWrapper(tables: readonly PeerTable[]): Peer {
  return {
    name: 'postgres_fdw',
    missing: async (cells) => {
      const found = await cells.query('target', 'postgres', `SELECT 1 FROM pg_available_extensions WHERE name = 'postgres_fdw'`)
      if (found.length === 0) return 'the server has no postgres_fdw'
      return cells.query('target', 'postgres', 'CREATE EXTENSION IF NOT EXISTS postgres_fdw').then(
        () => null,
        (error: unknown) => `postgres_fdw cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      )
    },
    prepare: async (cells) => {
      await cells.query('source', CELL, `CREATE SCHEMA peer; ${tables.map(({ table, select }) => `CREATE VIEW peer.${ident(table.id.name)} AS ${select}`).join(';\n')}`)
      const source = new URL(cells.url('source', CELL))
      await cells.query(
        'target',
        CELL,
        `CREATE EXTENSION postgres_fdw; CREATE SCHEMA peer;
         CREATE SERVER source FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ${literal(source.hostname)}, port ${literal(source.port)}, dbname ${literal(CELL)}, fetch_size '10000');
         CREATE USER MAPPING FOR CURRENT_USER SERVER source OPTIONS (user ${literal(source.username)}, password ${literal(decodeURIComponent(source.password))});
         IMPORT FOREIGN SCHEMA peer FROM SERVER source INTO peer`,
      )
    },
    run: (cells) =>
      withClient(cells.url('target', CELL), async (client) => {
        await client.query('SET session_replication_role = replica')
        for (const { table, columns } of tables) {
          const names = identList([...columns])
          await client.query(`INSERT INTO ${qualified(table.id)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM peer.${ident(table.id.name)}`)
        }
      }),
  }
}
