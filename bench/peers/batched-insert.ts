import { Client } from 'pg'
import pLimit from 'p-limit'
import { identityColumns, tableItself } from '../../src/dataplane/owned-rows.js'
import { columnOf, ident, identList, qualified } from '../../src/postgres/quote.js'
import { CELL } from '../mover.js'
import type { Peer, PeerTable } from './peer.js'

/** Ghostferry's defaults: batches of 200 rows, four tables at a time. */
const BATCH_ROWS = 200
const TABLES_AT_ONCE = 4

/** Ghostferry's way: rows are read batch by batch in the order of their key, inserted, read back, and compared by MD5. */
export function batchedInsert(tables: readonly PeerTable[]): Peer {
  return {
    name: 'batched INSERT, read back',
    missing: async () => null,
    // each batch finds its rows by key: what belongs to the organization is not asked again
    prepare: async (cells) => {
      for (const { table, select } of tables) await cells.query('source', CELL, `CREATE TABLE ${stagedName(table.id.name)} AS SELECT row_number() OVER (ORDER BY ${orderOf(table)}) AS peer_n, s.* FROM (${select}) AS s; ALTER TABLE ${stagedName(table.id.name)} ADD PRIMARY KEY (peer_n)`)
    },
    run: async (cells) => {
      const limit = pLimit(TABLES_AT_ONCE)
      await Promise.all(
        tables.map((one) =>
          limit(async () => {
            const [source, target] = [new Client({ connectionString: cells.url('source', CELL) }), new Client({ connectionString: cells.url('target', CELL) })]
            await Promise.all([source.connect(), target.connect()])
            try {
              await target.query('SET session_replication_role = replica')
              await moveTable(source, target, one)
            } finally {
              await Promise.all([source.end(), target.end()])
            }
          }),
        ),
      )
    },
  }
}

function stagedName(name: string): string {
  return ident(`peer_${name}`)
}

function orderOf(table: PeerTable['table']): string {
  const key = identityColumns(table)
  return key.length === 0 ? '1' : key.map(({ name }) => ident(name)).join(', ')
}

async function moveTable(source: Client, target: Client, { table, columns }: PeerTable): Promise<void> {
  const digest = `md5(ROW(${columns.map((name) => columnOf('t', name)).join(', ')})::text)`
  const texts = columns.map((name, n) => `${columnOf('t', name)}::text AS c${n}`).join(', ')
  const types = new Map(table.columns.map(({ name, type }) => [name, type]))
  const key = identityColumns(table).map(({ name }) => columns.indexOf(name))
  const insert = `INSERT INTO ${qualified(table.id)} (${identList([...columns])}) OVERRIDING SYSTEM VALUE SELECT ${columns.map((name, n) => `u.c${n}::${types.get(name)}`).join(', ')} FROM unnest(${columns.map((_, n) => `$${n + 1}::text[]`).join(', ')}) AS u(${columns.map((_, n) => `c${n}`).join(', ')})`
  const equal = key.map((at, n) => `${columnOf('t', columns[at] ?? '')} = u.k${n}::${types.get(columns[at] ?? '')}`).join(' AND ')
  const readBack = `SELECT ${digest} AS digest FROM unnest(${key.map((_, n) => `$${n + 1}::text[]`).join(', ')}) AS u(${key.map((_, n) => `k${n}`).join(', ')}) JOIN ${tableItself(table)} ON ${equal}`
  for (let from = 0; ; from += BATCH_ROWS) {
    const { rows } = await source.query<Record<string, string | null>>(`SELECT ${texts}, ${digest} AS digest FROM ${stagedName(table.id.name)} AS t WHERE peer_n > $1 AND peer_n <= $2`, [from, from + BATCH_ROWS])
    if (rows.length === 0) return
    const values = columns.map((_, n) => rows.map((row) => row[`c${n}`] ?? null))
    await target.query(insert, values)
    if (key.length === 0) continue
    const back = await target.query<{ digest: string }>(readBack, key.map((at) => values[at]))
    const [sent, found] = [rows.map(({ digest: one }) => one).sort(), back.rows.map(({ digest: one }) => one).sort()]
    if (JSON.stringify(sent) !== JSON.stringify(found)) throw new Error(`${table.id.name} came back in another form`)
  }
}
