import { Pool } from 'pg'
import { inject } from 'vitest'

/** The two servers of the run; the control database of a test is one more database on either. */
export type ClusterName = 'a' | 'b'

/** Own sessions of the tests; whatever else is connected to a test's database is the code under test. */
export const TEST_APPLICATION = 'org-mover-test'

const pools = new Map<ClusterName, Pool>()

/** The superuser's connection string for a database of that server; the server itself (database postgres) by default. */
export function clusterUrl(cluster: ClusterName, database = 'postgres'): string {
  const url = new URL(inject('clusterUrls')[cluster])
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** For statements about databases and roles, on the server's own database. */
export function administrator(cluster: ClusterName): Pool {
  const existing = pools.get(cluster)
  if (existing !== undefined) return existing
  const pool = new Pool({ connectionString: clusterUrl(cluster), application_name: TEST_APPLICATION, max: 2, allowExitOnIdle: true })
  pool.on('error', () => undefined)
  pools.set(cluster, pool)
  return pool
}
