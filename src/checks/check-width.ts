import type { PlanColumn } from '../domain/move-plan.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import { finding } from '../domain/finding.js'
import { columnOf } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** PostgreSQL cannot build or send a message of 1 GB; below that, room for the other columns. */
const MOST_BYTES = 1_000_000_000
/** A smaller table cannot hold such a row, however well it is compressed. */
const SMALLEST_TABLE_BYTES = 2 * 1024 * 1024

/**
 * Finds tables whose widest row is too wide for text COPY, where bytea doubles: they travel in binary. A row too wide for
 * that too stops the move (P10). Yields the numbers of the tables that need binary.
 */
export async function checkWidth(exam: Examination): Promise<ReadonlySet<number>> {
  const wide = new Set<number>()
  for (const table of exam.plan.owned) {
    const columns = table.columns.filter((column) => !column.generated && lengthOf(column) !== null)
    if ((exam.counts.get(table.no) ?? 0) === 0 || table.bytesEstimate < SMALLEST_TABLE_BYTES || columns.length === 0) continue
    await bounded(exam, placeOf(exam, 'source', table), 'widest row', async () => {
      const key = table.identity === null ? table.columns.slice(0, 1) : identityColumns(table)
      const sum = (factor: (column: PlanColumn) => number): string => columns.map((column) => `coalesce(${lengthOf(column)}, 0)::bigint * ${factor(column)}`).join(' + ')
      const [row] = await exam.session('source', table.id.database).rows<{ key: (string | null)[]; text_bytes: string; binary_bytes: string }>(
        sql('prepare/widest', { key: `ARRAY[${key.map((column) => `${columnOf('t', column.name)}::text`).join(', ')}]`, text_bytes: sum((c) => (isBytes(c) ? 2 : 1)), binary_bytes: sum(() => 1), ...ownedRows(table, exam.scope) }),
      )
      if (row === undefined || Number(row.text_bytes) < MOST_BYTES) return
      wide.add(table.no)
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

function isBytes(column: PlanColumn): boolean {
  return column.castType.schema === 'pg_catalog' && column.castType.name === 'bytea'
}

/** octet_length reads the length of a value that is stored apart without fetching it. */
function lengthOf(column: PlanColumn): string | null {
  if (column.castType.schema !== 'pg_catalog') return null
  if (['bytea', 'text', 'varchar', 'bpchar'].includes(column.castType.name)) return `octet_length(${columnOf('t', column.name)})`
  return ['json', 'jsonb', 'xml'].includes(column.castType.name) ? `pg_column_size(${columnOf('t', column.name)})` : null
}
