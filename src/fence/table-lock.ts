import type { TableName } from '../domain/catalog.js'
import { qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { isLockMissed, withLockRetries } from './lock-retries.js'
import type { LockRetryOptions } from './lock-retries.js'

type LockMode = 'SHARE ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE'

export interface LockOptions extends Omit<LockRetryOptions, 'what'> {
  readonly session: Session
  /** What CREATE TRIGGER needs, or what DROP TRIGGER needs. */
  readonly mode: LockMode
}

/** What is to be run under the lock of one table. */
export interface TableWork {
  readonly table: TableName
  readonly partitioned: boolean
  /** Given the partitions as they are under the lock. Run twice, the statements do what they do once. */
  readonly statements: (partitions: readonly TableName[]) => readonly string[]
}

const TABLES_PER_MESSAGE = 20

/**
 * Runs the work of each table in a short transaction of its own, in this order; many tables go in one message, since a thousand of
 * them are a thousand round trips otherwise. Where one of a message is busy, its tables are taken one by one, as `underTableLock` does.
 */
export async function underTableLocks(options: LockOptions, works: readonly TableWork[]): Promise<void> {
  for (const together of messagesOf(works)) {
    options.signal.throwIfAborted()
    const done = together.length > 1 && (await tryTogether(options, together))
    if (!done) for (const work of together) await underTableLock(options, work)
  }
}

/** Partitions must be known under the lock: their parents go alone. */
function messagesOf(works: readonly TableWork[]): readonly (readonly TableWork[])[] {
  const messages: TableWork[][] = []
  for (const work of works) {
    const last = messages.at(-1)
    if (last !== undefined && !work.partitioned && last[0]?.partitioned === false && last.length < TABLES_PER_MESSAGE) last.push(work)
    else messages.push([work])
  }
  return messages
}

async function tryTogether({ session, mode }: LockOptions, works: readonly TableWork[]): Promise<boolean> {
  try {
    await session.transactionsAtOnce(works.map(({ table, statements }) => [lockOf(table, mode), ...statements([])]))
    return true
  } catch (error) {
    if (isLockMissed(error)) return false
    throw error
  }
}

function lockOf(table: TableName, mode: LockMode): string {
  return `LOCK TABLE ONLY ${qualified(table)} IN ${mode} MODE`
}

/**
 * Runs a table's work in one short transaction that holds it and all its partitions, retried where they are busy.
 *
 * The transaction waits for the table only, up to lock_timeout, and holds nothing meanwhile; partitions are taken without waiting.
 * By itself DROP TRIGGER takes the partitions first and then waits for their parent, and CREATE TRIGGER waits for partitions
 * while it holds their parent: a writer that holds the one and wants the other would be the victim of the deadlock.
 * Throws OM3003 when the attempts are spent.
 */
async function underTableLock(options: LockOptions, { table, partitioned, statements }: TableWork): Promise<void> {
  const { session, mode } = options
  await withLockRetries({ ...options, what: `table ${table.schema}.${table.name}` }, async () => {
    if (!partitioned) return session.transactionAtOnce([lockOf(table, mode), ...statements([])])
    await session.transaction('READ COMMITTED', async () => {
      await session.execute(lockOf(table, mode))
      const partitions = (await partitionsOf(session, [table])).map(({ partition }) => partition)
      const theirs = partitions.length === 0 ? [] : [`LOCK TABLE ${partitions.map((one) => `ONLY ${qualified(one)}`).join(', ')} IN ${mode} MODE NOWAIT`]
      await session.execute([...theirs, ...statements(partitions)].join(';\n'))
    })
  })
}

/** Partitions of all levels below these tables, as they are now; of tables that are not partitioned, none. */
export async function partitionsOf(session: Session, tables: readonly TableName[]): Promise<readonly { readonly root: TableName; readonly partition: TableName }[]> {
  if (tables.length === 0) return []
  const rows = await session.rows<{ root_schema: string; root: string; schema: string; name: string }>(sql('fence/partitions'), [tables.map((t) => t.schema), tables.map((t) => t.name)])
  return rows.map((row) => ({ root: { schema: row.root_schema, name: row.root }, partition: { schema: row.schema, name: row.name } }))
}
