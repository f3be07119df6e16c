import type { Examined } from '../checks/examine.js'
import type { Settings } from '../config/settings.js'
import type { PlanDocument, PlannedTable } from '../domain/documents.js'
import { isBlocking } from '../domain/finding.js'

/** Rows per second that a move of narrow rows was measured to do on two cores, copy and verification together (bench/README.md). */
const ROWS_PER_SECOND = 60_000
const FIXED_SECONDS = 2

export function planDocument(settings: Settings, names: { readonly org: string; readonly source: string; readonly target: string }, examined: Examined): PlanDocument {
  const tables = examined.plan.owned.map((table): PlannedTable => {
    const rows = examined.rows.get(table.no)
    const read = examined.reads.get(table.no)
    return {
      database: table.id.database,
      schema: table.id.schema,
      table: table.id.name,
      class: table.class,
      rows: rows ?? 0,
      rowsExact: rows !== undefined,
      bytes: read?.bytes ?? 0,
      chunks: rows === undefined || rows === 0 ? 0 : table.identity === null ? 1 : Math.ceil(rows / settings.copy.chunkRows),
      index: read?.index ?? null,
    }
  })
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const isCounted = examined.rows.size > 0
  return {
    ...names,
    tables,
    totals: { tables: tables.length, rows, bytes: tables.reduce((sum, table) => sum + table.bytes, 0) },
    estimate: isCounted
      ? { windowSeconds: Math.ceil(FIXED_SECONDS + rows / ROWS_PER_SECOND), basis: `${rows} rows at ${ROWS_PER_SECOND} rows/s, copy and verification, as measured on two cores` }
      : { windowSeconds: null, basis: 'rows were not counted: findings above come first' },
    findings: examined.findings,
    blocking: isBlocking(examined.findings),
    error: null,
  }
}
