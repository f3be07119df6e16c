import type { OwnedTable, PlanColumn } from '../domain/move-plan.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import { finding } from '../domain/finding.js'
import { columnOf } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** PostgreSQL cannot build or send a message of 1 GB; below that, room for the other columns. */
const MOST_BYTES = 1_000_000_000
/** Tables of this size are looked at one by one; smaller ones (or those that were never vacuumed and so seem small) many at once. */
const LARGE_TABLE_BYTES = 2 * 1024 * 1024
/** One statement never takes many locks. */
const TABLES_PER_STATEMENT = 40

/**
 * Finds tables whose widest row is too wide for text COPY, where bytea doubles: they travel in binary. A row too wide for
 * that too stops the move (P10). Yields the numbers of the tables that need binary.
 */
export async function checkWidth(exam: Examination): Promise<ReadonlySet<number>> {
  const wide = new Set<number>()
  const candidates = exam.plan.owned.filter((table) => (exam.counts.get(table.no) ?? 0) > 0 && columnsWithLength(table).length > 0)
  const large = candidates.filter((table) => table.bytesEstimate >= LARGE_TABLE_BYTES)
  for (const table of [...large, ...(await wideAmong(exam, candidates.filter((one) => !large.includes(one))))]) {
    await bounded(exam, placeOf(exam, 'source', table), 'widest row', async () => {
      const key = table.identity === null ? table.columns.slice(0, 1) : identityColumns(table)
      const [row] = await exam.session('source', table.id.database).rows<{ key: (string | null)[]; text_bytes: string; binary_bytes: string }>(
        sql('prepare/widest', { key: `ARRAY[${key.map((column) => `${columnOf('t', column.name)}::text`).join(', ')}]`, text_bytes: textBytes(table), binary_bytes: bytes(table, () => 1), ...ownedRows(table, exam.scope) }),
      )
      if (row === undefined || Number(row.text_bytes) < MOST_BYTES) return
      wide.add(table.no)
      if (exam.shared.secrets(table) !== null) {
        exam.report(finding('OM2123', 'error', placeOf(exam, 'source', table), { message: `a row of ${nameOf(table)} is ${row.text_bytes} bytes wide as text, more than the 1 GB that PostgreSQL can send, and its secrets can be encrypted anew in text only`, hint: 'shorten or remove the row' }, { count: 1 }))
      }
      if (Number(row.binary_bytes) < MOST_BYTES) return
      exam.report(
        finding('OM2123', 'error', placeOf(exam, 'source', table), {
          message: `a row of ${nameOf(table)} is ${row.binary_bytes} bytes wide, more than the 1 GB that PostgreSQL can send`,
          hint: 'shorten or remove the row',
        }, { count: 1, examples: [Object.fromEntries(key.map((column, n) => [column.name, row.key[n] ?? null]))] }),
      )
    })
  }
  return wide
}

async function wideAmong(exam: Examination, tables: readonly OwnedTable[]): Promise<readonly OwnedTable[]> {
  const wide: OwnedTable[] = []
  for (const database of exam.plan.databases) {
    const here = tables.filter((table) => table.id.database === database)
    for (let start = 0; start < here.length; start += TABLES_PER_STATEMENT) {
      const parts = here.slice(start, start + TABLES_PER_STATEMENT).map((table) => sql('prepare/width', { no: String(table.no), text_bytes: textBytes(table), ...ownedRows(table, exam.scope) }))
      const rows = await exam.session('source', database).rows<{ no: number; text_bytes: string | null }>(parts.join('\nUNION ALL\n'))
      wide.push(...here.filter((table) => rows.some((row) => row.no === table.no && Number(row.text_bytes) >= MOST_BYTES)))
    }
  }
  return wide
}

function columnsWithLength(table: OwnedTable): readonly PlanColumn[] {
  return table.columns.filter((column) => !column.generated && lengthOf(column) !== null)
}

function bytes(table: OwnedTable, factor: (column: PlanColumn) => number): string {
  return columnsWithLength(table).map((column) => `coalesce(${lengthOf(column)}, 0)::bigint * ${factor(column)}`).join(' + ')
}

/** As text COPY sends them. */
function textBytes(table: OwnedTable): string {
  return bytes(table, (column) => (isBytes(column) ? 2 : 1))
}

function isBytes(column: PlanColumn): boolean {
  return column.castType.schema === 'pg_catalog' && column.castType.name === 'bytea'
}

/** octet_length reads the length of a value that is stored apart without fetching it. */
function lengthOf(column: PlanColumn): string | null {
  if (column.castType.schema !== 'pg_catalog') return null
  if (['bytea', 'text', 'varchar', 'bpchar'].includes(column.castType.name)) return `octet_length(${columnOf('t', column.name)})`
  return ['json', 'jsonb', 'xml'].includes(column.castType.name) ? `pg_column_size(${columnOf('t', column.name)})` : null
}
