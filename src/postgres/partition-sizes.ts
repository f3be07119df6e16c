import { tableKey } from '../domain/catalog.js'
import type { TableRow } from './catalog-rows.js'

export interface TableSize {
  readonly rowEstimate: number | null
  readonly bytes: number
}

/**
 * Size of each table by `schema.name`; that of a partitioned one is the sum of its leaves. Leaves never analyzed (new, mostly empty
 * ones) count nothing, unless no leaf was ever analyzed: then the estimate is null.
 */
export function sizesOf(rows: readonly TableRow[]): ReadonlyMap<string, TableSize> {
  const byKey = new Map(rows.map((row) => [tableKey(row), row]))
  const sums = new Map<string, { rowEstimate: number | null; bytes: number; leaves: number }>()
  for (const row of rows) {
    sums.set(tableKey(row), { rowEstimate: row.row_estimate, bytes: row.bytes, leaves: 0 })
  }
  for (const leaf of rows) {
    if (leaf.kind === 'partitioned') continue
    for (const ancestor of partitionAncestors(leaf, byKey)) {
      const sum = sums.get(tableKey(ancestor))
      if (sum === undefined) continue
      sum.leaves += 1
      sum.bytes += leaf.bytes
      if (leaf.row_estimate !== null) sum.rowEstimate = (sum.rowEstimate ?? 0) + leaf.row_estimate
    }
  }
  return new Map(
    rows.map((row) => {
      const sum = sums.get(tableKey(row))
      const isBare = row.kind === 'partitioned' && sum?.leaves === 0
      return [tableKey(row), { rowEstimate: isBare ? 0 : (sum?.rowEstimate ?? null), bytes: sum?.bytes ?? 0 }]
    }),
  )
}

function partitionAncestors(row: TableRow, byKey: ReadonlyMap<string, TableRow>): TableRow[] {
  const ancestors: TableRow[] = []
  let at: TableRow | undefined = row
  while (at?.is_partition === true) {
    const [parent]: TableRow['parents'] = at.parents
    at = parent === undefined ? undefined : byKey.get(tableKey(parent))
    if (at !== undefined) ancestors.push(at)
  }
  return ancestors
}
