import { DatabaseError } from 'pg'
import type { Client } from 'pg'
import { transactionMode } from './pooler-probe.js'
import { literal } from './quote.js'

/** What a session is for decides its limits and its search_path. */
type SessionRole =
  /** reads and digests: search_path = pg_catalog, so that every other name must be qualified */
  | 'read'
  /** writes of the mover on the target or, at the purge, the source: replica role, the application's search_path */
  | 'load'
  /** DDL of fences and guards; the control database */
  | 'admin'

export interface SettingsOptions {
  readonly role: SessionRole
  /** For `load`: as configured; null leaves the database's own. */
  readonly searchPath?: string | null
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs?: number
  /** Further settings, pinned as the others; e.g. the pass of the fence. */
  readonly settings?: Readonly<Record<string, string>>
}

/** What PostgreSQL's text output depends on; both sides of every COPY and digest share these. */
const PINNED: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  row_security: 'off',
  lc_monetary: 'C',
  xmloption: 'content',
  // off, NULL within an array would be read as four letters
  array_nulls: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  jit: 'off',
  quote_all_identifiers: 'off',
  idle_session_timeout: '0',
}

/**
 * Settings that not every server knows, or of which only one value is wrong: a limit on transactions would end a long chunk, and
 * an asynchronous commit could lose a flip that was answered.
 */
const CONDITIONAL = `SELECT pg_catalog.set_config(name, CASE name WHEN 'synchronous_commit' THEN 'on' ELSE '0' END, false)
FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout' OR (name = 'synchronous_commit' AND setting = 'off')`

const QUERY_CANCELED = '57014'
const IDLE_IN_TRANSACTION_MS = 120_000

/**
 * Sets everything in one statement, then reads it back in a second one: a transaction-mode pooler loses it in between, which is OM2011.
 * Yields the pid of the server's process.
 */
export async function pinSettings(client: Client, options: SettingsOptions): Promise<number> {
  const settings = settingsOf(options)
  const names = Object.keys(settings)
  const sets = names.map((name) => `pg_catalog.set_config(${literal(name)}, ${literal(settings[name] ?? '')}, false)`)
  const setAll = () => client.query<{ pid: number; values: string[] }>(`SELECT pg_catalog.pg_backend_pid() AS pid, ARRAY[${sets.join(', ')}] AS values`)
  const first = await setAll().catch(async (error: unknown) => {
    await liftTimeout(client, error)
    return setAll()
  })
  await client.query(CONDITIONAL)
  const reads = names.map((name) => `pg_catalog.current_setting(${literal(name)})`)
  const second = await client.query<{ pid: number; values: string[] }>(`SELECT pg_catalog.pg_backend_pid() AS pid, ARRAY[${reads.join(', ')}] AS values`)
  const [before, after] = [first.rows[0], second.rows[0]]
  if (before === undefined || after === undefined || before.pid !== after.pid || before.values.some((value, n) => value !== after.values[n])) {
    throw transactionMode('settings of the session were lost between two statements')
  }
  return after.pid
}

function settingsOf(options: SettingsOptions): Record<string, string> {
  return {
    ...PINNED,
    lock_timeout: String(options.lockTimeoutMs),
    statement_timeout: String(options.statementTimeoutMs ?? 0),
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    ...(options.role === 'load'
      ? { session_replication_role: 'replica', ...(options.searchPath == null ? {} : { search_path: options.searchPath }) }
      : { search_path: 'pg_catalog' }),
    ...options.settings,
  }
}

/** The limit that a database sets for everybody holds for the statement that sets it aside, too: a busy server may need several. */
async function liftTimeout(client: Client, cancelled: unknown, attempts = 20): Promise<void> {
  if (!(cancelled instanceof DatabaseError) || cancelled.code !== QUERY_CANCELED || attempts === 0) throw cancelled
  await client.query('SET statement_timeout = 0').catch((again: unknown) => liftTimeout(client, again, attempts - 1))
}
