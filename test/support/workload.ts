import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { type Ground, OPERATIONS, type Write } from './workload-operations.js'

interface Rejection {
  /** Null where the connection was lost instead of a statement being refused. */
  readonly sqlState: string | null
  readonly message: string
  readonly detail: string | null
  readonly operation: string
  /** Milliseconds since the writer started. */
  readonly atMs: number
}

interface WriterRecord {
  /** Writes whose COMMIT was acknowledged, in order. */
  readonly acknowledged: readonly (Write & { readonly atMs: number })[]
  readonly rejections: readonly Rejection[]
  /** Writes whose COMMIT was sent and not answered: they may be there or not. */
  readonly unknown: readonly Write[]
  readonly transactions: number
  /** Longest transaction, the acknowledged and the refused ones. */
  readonly slowest: { readonly operation: string; readonly ms: number } | null
}

export interface Writer {
  /** Live view of what `stop` returns. */
  readonly record: WriterRecord
  /** Ends after the transaction under way, closes the session. */
  stop(): Promise<WriterRecord>
}

export interface WriterOptions {
  readonly org: string
  /** Rest between two transactions. */
  readonly pauseMs?: number
}

const RECONNECT_MS = 50

/**
 * Writes to one organization of a demo cell as its application would: small transactions, one after the other, until stopped. A refused
 * statement or a lost connection is recorded, and the writer goes on.
 */
export async function startWriter(url: string, { org, pauseMs = 5 }: WriterOptions): Promise<Writer> {
  const started = performance.now()
  const state = { client: await connect(url), isStopping: false }
  const ground = await survey(state.client, org)
  const acknowledged: (Write & { atMs: number })[] = []
  const rejections: Rejection[] = []
  const unknown: Write[] = []
  const tally: { transactions: number; slowest: { operation: string; ms: number } | null } = { transactions: 0, slowest: null }
  const record = (): WriterRecord => ({ acknowledged, rejections, unknown, ...tally })

  const loop = (async () => {
    for (let turn = 0; !state.isStopping; turn++) {
      const operation = OPERATIONS[turn % OPERATIONS.length]
      if (operation === undefined) return
      const begun = performance.now()
      let committing: readonly Write[] = []
      try {
        await state.client.query('BEGIN')
        const writes = await operation(state.client, ground, turn)
        committing = writes
        await state.client.query('COMMIT')
        const atMs = performance.now() - started
        acknowledged.push(...writes.map((write) => ({ ...write, atMs })))
      } catch (error) {
        const refused = error instanceof DatabaseError && !isFatal(error) ? error : null
        rejections.push({
          sqlState: error instanceof DatabaseError ? (error.code ?? null) : null,
          message: error instanceof Error ? error.message : String(error),
          detail: error instanceof DatabaseError ? (error.detail ?? null) : null,
          operation: operation.name,
          atMs: performance.now() - started,
        })
        if (refused === null) {
          unknown.push(...committing)
          state.client = await reconnect(state.client, url, () => state.isStopping)
        } else {
          await state.client.query('ROLLBACK').catch(() => undefined)
        }
      }
      tally.transactions++
      const ms = performance.now() - begun
      if (tally.slowest === null || ms > tally.slowest.ms) tally.slowest = { operation: operation.name, ms }
      await sleep(pauseMs)
    }
  })()

  return {
    get record() {
      return record()
    },
    async stop() {
      state.isStopping = true
      await loop
      await state.client.end().catch(() => undefined)
      return record()
    },
  }
}

/** Parents to write to: existing rows, so that no statement fails for want of one. */
export async function survey(client: Client, org: string): Promise<Ground> {
  const ids = async (sql: string) => (await client.query<{ id: string }>(sql, [org])).rows.map((row) => String(row.id))
  const [user] = await ids('SELECT user_id AS id FROM organization_users WHERE organization_id = $1 ORDER BY user_id LIMIT 1')
  if (user === undefined) throw new Error(`organization ${org} has no member on this cell`)
  const projects = await ids('SELECT id FROM projects WHERE organization_id = $1 ORDER BY id LIMIT 20')
  const environments = await ids('SELECT e.id FROM environments e JOIN projects p ON p.id = e.project_id WHERE p.organization_id = $1 ORDER BY e.id LIMIT 20')
  return { org, projects, environments, user, notes: [], todos: [] }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'demo writer' })
  // a lost connection shows in the statement under way, and otherwise in the next one
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function reconnect(lost: Client, url: string, isStopping: () => boolean): Promise<Client> {
  await lost.end().catch(() => undefined)
  while (!isStopping()) {
    try {
      return await connect(url)
    } catch {
      await sleep(RECONNECT_MS)
    }
  }
  return lost
}

/** Class 57P: the server ended the session; nothing more can be said over it. */
function isFatal(error: DatabaseError): boolean {
  return error.severity === 'FATAL' || error.code?.startsWith('57P') === true
}
