import { readFileSync } from 'node:fs'
import { MoverError } from '../domain/errors.js'
import type { Side } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

/** Which move writes, as which driver. */
export interface Holder {
  readonly moveId: string
  readonly epoch: bigint
}

const INSTALL = new URL('../../schema/cell/install.sql', import.meta.url)

/** Two moves may install or remove the same schema at once: DDL on it is serialised by this lock. */
const SCHEMA_LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('org_mover schema', 0))`

/**
 * Installs the mover's tables if need be and makes, or raises to this epoch, the guard of the move. Waits (lock_timeout) for
 * writing transactions of an earlier driver. Idempotent. Throws OM3005 where a newer driver has been here.
 */
export async function raiseGuard(session: Session, holder: Holder, facts: { readonly org: string; readonly side: Side; readonly pass: string }): Promise<void> {
  await session.transaction('READ COMMITTED', async () => {
    await session.execute(SCHEMA_LOCK)
    const { installed } = await session.one<{ installed: boolean }>(sql('cell/is-installed'))
    if (!installed) await session.execute(readFileSync(INSTALL, 'utf8'))
    const rows = await session.rows(sql('guard/upsert'), [holder.moveId, facts.org, facts.side, String(holder.epoch), facts.pass])
    if (rows.length === 0) throw leaseLost(session.label)
  })
}

/** First statement of every transaction with which the mover writes to a cell. Throws OM3005 for a driver that lost its lease (P6). */
export async function holdGuard(session: Session, holder: Holder): Promise<void> {
  const rows = await session.rows(sql('guard/hold'), [holder.moveId, String(holder.epoch)])
  if (rows.length === 0) throw leaseLost(session.label)
}

/** A writing transaction of the mover: READ COMMITTED, the guard held from its first statement to its end. */
export async function guarded<T>(session: Session, holder: Holder, work: () => Promise<T>): Promise<T> {
  return session.transaction('READ COMMITTED', async () => {
    await holdGuard(session, holder)
    return work()
  })
}

/**
 * Removes the guard and ledger of the move, and the mover's tables and schema where no other move needs them. Whatever else
 * bears the move's name must be gone already. Idempotent.
 */
export async function removeGuard(session: Session, moveId: string): Promise<void> {
  await session.transaction('READ COMMITTED', async () => {
    await session.execute(SCHEMA_LOCK)
    const { installed } = await session.one<{ installed: boolean }>(sql('cell/is-installed'))
    if (!installed) return
    await session.rows(sql('ledger/forget-move'), [moveId])
    await session.rows(sql('guard/remove'), [moveId])
    const { moves } = await session.one<{ moves: number }>(sql('cell/in-use'))
    if (moves > 0) return
    await session.execute(sql('cell/drop-bookkeeping'))
    const { empty } = await session.one<{ empty: boolean }>(sql('cell/schema-is-empty'))
    if (empty) await session.execute('DROP SCHEMA org_mover')
  })
}

function leaseLost(label: string): MoverError {
  return new MoverError({
    code: 'OM3005',
    message: `${label}: another process has taken this move over; nothing was written by this one`,
    hint: 'leave the move to that process; `org-mover status` shows who holds it',
    retry: 'never',
  })
}
