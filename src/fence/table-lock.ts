import type { TableName } from '../domain/catalog.js'
import { qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { withLockRetries } from './lock-retries.js'
import type { LockRetryOptions } from './lock-retries.js'

type LockMode = 'SHARE ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE'

export interface TableLock extends Omit<LockRetryOptions, 'what'> {
  readonly session: Session
  readonly table: TableName
  readonly partitioned: boolean
  /** What CREATE TRIGGER needs, or what DROP TRIGGER needs. */
  readonly mode: LockMode
}

/**
 * Runs statements in one short transaction that holds the table and all its partitions, retried where they are busy; `statements`
 * is given the partitions as they are under the lock.
 *
 * The transaction waits for the table only, up to lock_timeout, and holds nothing meanwhile; partitions are taken without waiting.
 * By itself DROP TRIGGER takes the partitions first and then waits for their parent, and CREATE TRIGGER waits for partitions
 * while it holds their parent: a writer that holds the one and wants the other would be the victim of the deadlock.
 * Throws OM3003 when the attempts are spent.
 */
export async function underTableLock(lock: TableLock, statements: (partitions: readonly TableName[]) => readonly string[]): Promise<void> {
  const { session, table, partitioned, mode } = lock
  await withLockRetries({ ...lock, what: `table ${table.schema}.${table.name}` }, () =>
    session.transaction('READ COMMITTED', async () => {
      const own = `LOCK TABLE ONLY ${qualified(table)} IN ${mode} MODE`
      // in one message, so that the lock is not held for a round trip a statement
      if (!partitioned) return session.execute([own, ...statements([])].join(';\n'))
      await session.execute(own)
      const partitions = (await partitionsOf(session, [table])).map(({ partition }) => partition)
      const theirs = partitions.length === 0 ? [] : [`LOCK TABLE ${partitions.map((one) => `ONLY ${qualified(one)}`).join(', ')} IN ${mode} MODE NOWAIT`]
      await session.execute([...theirs, ...statements(partitions)].join(';\n'))
    }),
  )
}

/** Partitions of all levels below these tables, as they are now; of tables that are not partitioned, none. */
export async function partitionsOf(session: Session, tables: readonly TableName[]): Promise<readonly { readonly root: TableName; readonly partition: TableName }[]> {
  if (tables.length === 0) return []
  const rows = await session.rows<{ root_schema: string; root: string; schema: string; name: string }>(sql('fence/partitions'), [tables.map((t) => t.schema), tables.map((t) => t.name)])
  return rows.map((row) => ({ root: { schema: row.root_schema, name: row.root }, partition: { schema: row.schema, name: row.name } }))
}
