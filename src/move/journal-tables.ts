import type { MovedTable } from '../domain/documents.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'
import { countOf } from './move-row.js'

/** The tables of a move and how far each is. */

export interface NewTable {
  readonly tableNo: number
  readonly database: string
  readonly schema: string
  readonly name: string
  /** As the plan calls it; for people. */
  readonly class: string
  readonly rowsPlanned: number | null
}

export interface JournalTable extends MovedTable {
  readonly tableNo: number
  readonly class: string
}

/** Enters the tables in one statement; for one that is there, only what the plan says is replaced, never its progress. Throws OM3005. */
export async function putTables(session: Session, holder: Holder, tables: readonly NewTable[]): Promise<void> {
  const rows = tables.map((table) => ({
    table_no: table.tableNo,
    database: table.database,
    schema_name: table.schema,
    table_name: table.name,
    class: table.class,
    rows_planned: table.rowsPlanned,
  }))
  await writeHeld(session, holder, 'put-tables', [JSON.stringify(rows)])
}

/** Throws OM3005. */
export async function setTableState(session: Session, holder: Holder, tableNos: readonly number[], state: MovedTable['state']): Promise<void> {
  await writeHeld(session, holder, 'set-table-state', [tableNos, state])
}

interface TableRecord {
  table_no: number
  database: string
  schema_name: string
  table_name: string
  class: string
  rows_planned: string | null
  rows_copied: string
  rows_verified: string
  rows_purged: string
  state: MovedTable['state']
}

/** By table number. The counts are those of the table's chunks (see markChunks). */
export async function listTables(session: Session, moveId: string): Promise<JournalTable[]> {
  const records = await session.rows<TableRecord & Record<string, unknown>>(sql('journal/list-tables'), [moveId])
  return records.map((record) => ({
    tableNo: record.table_no,
    database: record.database,
    schema: record.schema_name,
    table: record.table_name,
    class: record.class,
    rowsPlanned: record.rows_planned === null ? null : countOf(record.rows_planned),
    rowsCopied: countOf(record.rows_copied),
    rowsVerified: countOf(record.rows_verified),
    rowsPurged: countOf(record.rows_purged),
    state: record.state,
  }))
}
