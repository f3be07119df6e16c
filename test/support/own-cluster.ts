import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import type { QueryResultRow } from 'pg'
import type { Cluster } from '../../src/sandbox/cluster.js'
import type { ClusterName } from './clusters.js'
import { TEST_APPLICATION } from './clusters.js'
import type { TestDatabase } from './database.js'

/**
 * A database on a server that the test stops and starts: every call has a connection of its own. It goes with the server.
 */
export async function databaseOn(cluster: Pick<Cluster, 'url'>, name: ClusterName, setUp = '', tablespace = 'pg_default'): Promise<TestDatabase> {
  const database = `test_${randomBytes(6).toString('hex')}`
  const connect = async (to: string): Promise<Client> => {
    const client = new Client({ connectionString: cluster.url(to), application_name: TEST_APPLICATION })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  const query = async <Row extends QueryResultRow>(to: string, text: string, params?: readonly unknown[]): Promise<Row[]> => {
    const client = await connect(to)
    try {
      const result = await client.query<Row>(text, params === undefined ? undefined : [...params])
      return result.rows
    } finally {
      await client.end()
    }
  }
  await query('postgres', `CREATE DATABASE ${database} TABLESPACE ${tablespace}`)
  if (setUp !== '') await query(database, setUp)
  return {
    cluster: name,
    name: database,
    url: cluster.url(database),
    connect: () => connect(database),
    query: (text, params) => query(database, text, params),
    async [Symbol.asyncDispose]() {
      await query('postgres', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    },
  }
}
