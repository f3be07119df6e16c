import { setTimeout as sleep } from 'node:timers/promises'
import { MoverError } from '../domain/errors.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

export interface DrainOptions {
  readonly session: Session
  readonly timeoutMs: number
  /** Prefix of the application names of the mover's own sessions, which do not count. */
  readonly own: string
  readonly onWaiting: (reason: string | null) => void
  readonly signal: AbortSignal
}

interface OpenTransaction {
  readonly id: string
  readonly what: string
}

const POLL_MS = 50

/**
 * Waits until every transaction that is open in this database now, prepared ones included, has ended: what they wrote before
 * the fence is then committed and readable, and none is left whose snapshot predates the fence's key sets. The same wait as
 * CREATE INDEX CONCURRENTLY's, by virtual transaction ids. Throws OM3006 naming those that remain.
 */
export async function drainTransactions(options: DrainOptions): Promise<void> {
  const { session, signal, onWaiting } = options
  const deadline = Date.now() + options.timeoutMs
  let waitingFor = await openTransactions(session, options.own)
  while (waitingFor.length > 0) {
    onWaiting(`${waitingFor.length} transaction(s) older than the freeze in ${session.label}: ${waitingFor.slice(0, 3).map((t) => t.what).join('; ')}`)
    if (Date.now() > deadline) throw notDrained(session.label, waitingFor)
    await sleep(POLL_MS, undefined, { signal })
    const still = new Set((await openTransactions(session, options.own)).map((t) => t.id))
    waitingFor = waitingFor.filter((t) => still.has(t.id))
  }
  onWaiting(null)
}

async function openTransactions(session: Session, own: string): Promise<readonly OpenTransaction[]> {
  return session.rows<{ id: string; what: string }>(sql('fence/open-transactions'), [own])
}

function notDrained(label: string, open: readonly OpenTransaction[]): MoverError {
  return new MoverError({
    code: 'OM3006',
    message: `${label}: ${open.length} transaction(s) older than the freeze have not ended: ${open.map((t) => t.what).join('; ')}. The fence is up`,
    hint: 'end those sessions (or COMMIT/ROLLBACK PREPARED), then run `org-mover resume`; or `org-mover abort` lifts the fence',
    retry: 'safe',
  })
}
