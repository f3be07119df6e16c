import type { TableName } from '../domain/catalog.js'
import { ident, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { moveHex } from '../dataplane/names.js'
import type { LockRetryOptions } from './lock-retries.js'
import { underTableLocks } from './table-lock.js'

/** Each drop holds locks to the end of its transaction: far fewer than max_locks_per_transaction allows at its default. */
const OBJECTS_PER_TRANSACTION = 100

interface Leftover {
  readonly kind: 'trigger' | 'function' | 'relation'
  readonly schema: string
  readonly name: string
  /** Of a trigger. */
  readonly table: string | null
  readonly partitioned: boolean
}

/** Makes every fence function of the move harmless, in one transaction and without a lock on any table. Idempotent. */
export async function liftFence(session: Session, moveId: string): Promise<void> {
  const functions = await functionsOf(session, moveId)
  if (functions.length > 0) await session.transaction('READ COMMITTED', () => letPass(session, functions))
}

/** Lifts the fence in a transaction that is rolled back: what would keep it up after the flip throws before it, an event trigger or a right that was taken away. */
export async function rehearseLift(session: Session, moveId: string): Promise<void> {
  const functions = await functionsOf(session, moveId)
  await session.transaction('READ COMMITTED', () => letPass(session, functions), 'ROLLBACK')
}

async function functionsOf(session: Session, moveId: string): Promise<readonly TableName[]> {
  return (await leftoversOf(session, moveId)).filter((object) => object.kind === 'function')
}

async function letPass(session: Session, functions: readonly TableName[]): Promise<void> {
  await session.executeAll(functions.map(({ schema, name }) => sql('fence/lifted', { function: qualified({ schema, name }) })))
}

/**
 * Drops what bears the move's name in this database: triggers (ACCESS EXCLUSIVE for a moment, one table a transaction), then
 * functions and key sets. Idempotent. Throws OM3003 where a table's lock cannot be had; what is left is harmless by then.
 */
export async function dropMoveObjects(session: Session, moveId: string, options: Omit<LockRetryOptions, 'what'>): Promise<void> {
  const leftovers = await leftoversOf(session, moveId)
  const byTable = new Map<string, { readonly table: TableName; readonly partitioned: boolean; readonly names: string[] }>()
  for (const { kind, schema, name, table, partitioned } of leftovers) {
    if (kind !== 'trigger' || table === null) continue
    const id = { schema, name: table }
    const entry = byTable.get(qualified(id)) ?? { table: id, partitioned, names: [] }
    byTable.set(qualified(id), { ...entry, names: [...entry.names, name] })
  }
  const works = [...byTable.values()].map(({ table, partitioned, names }) => ({ table, partitioned, statements: () => names.map((name) => `DROP TRIGGER IF EXISTS ${ident(name)} ON ${qualified(table)}`) }))
  await underTableLocks({ session, mode: 'ACCESS EXCLUSIVE', ...options }, works)
  const own = leftovers.filter(({ kind }) => kind !== 'trigger')
  for (let start = 0; start < own.length; start += OBJECTS_PER_TRANSACTION) {
    await session.transactionAtOnce(own.slice(start, start + OBJECTS_PER_TRANSACTION).map(({ kind, schema, name }) => (kind === 'function' ? `DROP FUNCTION IF EXISTS ${qualified({ schema, name })}()` : `DROP TABLE IF EXISTS ${qualified({ schema, name })}`)))
  }
}

async function leftoversOf(session: Session, moveId: string): Promise<readonly Leftover[]> {
  return session.rows<Leftover & Record<string, unknown>>(sql('cell/leftovers'), [moveHex(moveId)])
}
