import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { administrator, clusterUrl, TEST_APPLICATION } from './clusters.js'
import type { ClusterName } from './clusters.js'

/** Drops it with all that would stand in the way: sessions, prepared transactions, replication slots. Idempotent. */
export async function dropDatabase(cluster: ClusterName, name: string): Promise<void> {
  const admin = administrator(cluster)
  const { rows: prepared } = await admin.query<{ gid: string }>('SELECT gid FROM pg_prepared_xacts WHERE database = $1', [name])
  if (prepared.length > 0) await rollBackPrepared(clusterUrl(cluster, name), prepared.map((row) => row.gid))
  await admin.query('SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = $1 AND active', [name])
  await admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1', [name])
  await admin.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`)
}

/** A prepared transaction can only be ended from within its own database. */
async function rollBackPrepared(url: string, gids: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url, application_name: TEST_APPLICATION })
  await client.connect()
  try {
    for (const gid of gids) await client.query(`ROLLBACK PREPARED ${escapeLiteral(gid)}`)
  } finally {
    await client.end()
  }
}
