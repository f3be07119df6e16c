import { Client } from 'pg'
import { MoverError } from '../domain/errors.js'

const ROUNDS = 3
const probed = new Set<string>()

/**
 * Refuses a pooler in transaction mode before anything is set on its server processes, which it would hand on to the application with the replica role and all: while a client is idle between two
 * statements, its process must serve nobody else, and its next statement must come to the same one. Asked once for each address. What cannot be asked is let pass: settings are read back by
 * each session all the same. Throws OM2011.
 */
export async function refusePooler(client: Client, { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number }): Promise<void> {
  if (probed.has(url)) return
  const isShared = await sharesProcess(client, url, timeoutMs).catch(() => null)
  if (isShared === true) throw transactionMode('another connection was given the same server process while this one was idle')
  if (isShared === false) probed.add(url)
}

export function transactionMode(seen: string): MoverError {
  return new MoverError({
    code: 'OM2011',
    message: `${seen}: this is a pooler in transaction mode`,
    hint: 'connect to PostgreSQL directly, or through a pooler in session mode',
    retry: 'after-fix',
  })
}

async function sharesProcess(client: Client, url: string, timeoutMs: number): Promise<boolean> {
  const other = new Client({ connectionString: url, application_name: 'org-mover probe', connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs })
  other.on('error', () => undefined)
  try {
    await other.connect()
    const first = await processOf(client)
    for (let round = 0; round < ROUNDS; round += 1) {
      // in a transaction, so that a pooler has to give it one for itself
      await other.query('BEGIN')
      const theirs = await processOf(other)
      await other.query('ROLLBACK')
      if (theirs === first || (await processOf(client)) !== first) return true
    }
    return false
  } finally {
    void other.end().catch(() => undefined)
  }
}

async function processOf(client: Client): Promise<number | undefined> {
  return (await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid')).rows[0]?.pid
}
