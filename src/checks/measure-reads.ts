import { childrenOf, tableNamed } from '../domain/catalog.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { ownedRows } from '../dataplane/owned-rows.js'
import { finding } from '../domain/finding.js'
import { sql } from '../postgres/sql.js'
import { nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'
import { indexDdl, indexFor } from './key-index.js'

export interface ReadMeasure {
  /** The index by which the planner will read the organization's rows; null for a scan of the table. */
  readonly index: string | null
  readonly bytes: number
}

/** From this size on a scan of a whole table for one organization is worth a finding. */
export const SCAN_WORTH_TELLING_BYTES = 8 * 1024 * 1024

/** One statement never takes many locks. */
const TABLES_PER_STATEMENT = 40

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

/** How each table with rows will be read, and how many bytes that will be; reports scans for want of an index. */
export async function measureReads(exam: Examination): Promise<Map<number, ReadMeasure>> {
  const measures = new Map<number, ReadMeasure>()
  const widths = await averageWidths(exam)
  for (const table of exam.plan.owned) {
    const rows = exam.counts.get(table.no) ?? 0
    if (rows === 0) continue
    const session = exam.session('source', table.id.database)
    const source = ownedRows(table, exam.scope)
    const [explained] = await session.rows<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(sql('prepare/explain', { ...source }))
    const root = explained?.['QUERY PLAN'][0]?.Plan
    const nodes = root === undefined ? [] : flatten(root)
    measures.set(table.no, { index: nodes.find((node) => node['Index Name'] !== undefined)?.['Index Name'] ?? null, bytes: Math.round((widths.get(table.no) ?? 0) * rows) })
    if (nodes.some((node) => node['Node Type'] === 'Seq Scan' && isOf(exam, table, node['Relation Name'] ?? ''))) reportScan(exam, table)
  }
  return measures
}

/** Average stored size of a table's rows, many tables in one statement. */
async function averageWidths(exam: Examination): Promise<ReadonlyMap<number, number>> {
  const widths = new Map<number, number>()
  for (const database of exam.plan.databases) {
    const tables = exam.plan.owned.filter((table) => table.id.database === database && (exam.counts.get(table.no) ?? 0) > 0)
    for (let start = 0; start < tables.length; start += TABLES_PER_STATEMENT) {
      const parts = tables.slice(start, start + TABLES_PER_STATEMENT).map((table) => sql('prepare/bytes', { no: String(table.no), ...ownedRows(table, exam.scope) }))
      for (const row of await exam.session('source', database).rows<{ no: number; bytes: string }>(parts.join('\nUNION ALL\n'))) widths.set(row.no, Number(row.bytes))
    }
  }
  return widths
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

/** The table, or one of its partitions. */
function isOf(exam: Examination, table: OwnedTable, relation: string): boolean {
  if (relation === table.id.name) return true
  const catalog = exam.catalogs.source.get(table.id.database)
  return catalog !== undefined && childrenOf(catalog, table.id).some((child) => child.name === relation)
}

function reportScan(exam: Examination, table: OwnedTable): void {
  if (table.bytesEstimate < SCAN_WORTH_TELLING_BYTES || table.ownership.kind !== 'keys') return
  const columns = table.ownership.alternatives.map((a) => (a.kind === 'direct' ? [a.column] : a.columns))
  const catalog = exam.catalogs.source.get(table.id.database)
  const found = tableNamed(catalog, table.id)
  if (found === undefined) return
  const missing = columns.filter((names) => indexFor(found, names) === undefined)
  if (missing.length === 0) return
  exam.report(
    finding('OM2118', 'warning', placeOf(exam, 'source', table), {
      message: `reading the organization's rows of ${nameOf(table)} scans the whole table (${Math.round(table.bytesEstimate / 1024 / 1024)} MB)`,
      hint: missing.map((names) => indexDdl(catalog, found, names)).join('\n'),
    }),
  )
}
