import { Client } from 'pg'

export interface BackendAddress {
  readonly url: string
  readonly backendPid: number
  /** For the connection and for the question each. */
  readonly timeoutMs: number
}

const STATE = `SELECT state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' AS working FROM pg_catalog.pg_stat_activity WHERE pid = $1`

/**
 * Asks the server itself, over a connection made for the question, whether that backend is working on a statement. False where it
 * is idle, waits for its client, is gone, or the server cannot be reached: an answer awaited from it will not come. A server that
 * answers with a refusal (no connection left) has told nothing, so that waiting goes on. Never throws.
 */
export async function isBackendWorking({ url, backendPid, timeoutMs }: BackendAddress): Promise<boolean> {
  const client = new Client({ connectionString: url, application_name: 'org-mover watchdog', connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ working: boolean }>(STATE, [backendPid])
    return rows[0]?.working === true
  } catch (error) {
    return isRefusal(error)
  } finally {
    void client.end().catch(() => undefined)
  }
}

/** SQLSTATEs come from the server, and other codes from the socket. */
function isRefusal(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(57P0|08)/.test(code) && code !== 'EPIPE'
}
