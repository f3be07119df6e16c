import { setTimeout as delay } from 'node:timers/promises'
import { administrator, TEST_APPLICATION } from './clusters.js'
import type { TestDatabase } from './database.js'

/** A session's end reaches the server a moment after the client has closed it. */
const PATIENCE_MS = 5_000
const POLL_MS = 10

const LEFT_OVERS = `
  SELECT format('session %s of %s, %s: %s', pid, application_name, state, left(query, 200)) AS what
    FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2 AND backend_type IN ('client backend', 'walsender')
  UNION ALL SELECT format('prepared transaction %s', gid) FROM pg_prepared_xacts WHERE database = $1
  UNION ALL SELECT format('replication slot %s', slot_name) FROM pg_replication_slots WHERE database = $1`

/** Fails if the code under test left a session, a prepared transaction or a replication slot in the database. */
export async function assertNoLeaks(database: TestDatabase, { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {}): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const { rows } = await administrator(database.cluster).query<{ what: string }>(LEFT_OVERS, [database.name, TEST_APPLICATION])
    if (rows.length === 0) return
    if (Date.now() > deadline) throw new Error(`left behind in ${database.name}:\n${rows.map((row) => row.what).join('\n')}`)
    await delay(POLL_MS)
  }
}
