import { tableKey, tableNamed } from './catalog.js'
import type { Catalog, Sequence, TableName } from './catalog.js'

const NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'numeric'])

interface Served {
  readonly sequence: Sequence
  readonly column: string
}

/** With ten thousand tables a search through all sequences for each would take minutes. */
const known = new WeakMap<Catalog, ReadonlyMap<string, readonly Served[]>>()

/** The sequences that columns of a table take their numbers from, with the column; one sequence may serve many tables. A domain is what it is made of. */
export function sequencesServing(catalog: Catalog, table: TableName): readonly Served[] {
  const byTable = known.get(catalog) ?? served(catalog)
  known.set(catalog, byTable)
  const columns = new Set(tableNamed(catalog, table)?.columns.filter(({ baseType, isArray }) => !isArray && baseType.schema === 'pg_catalog' && NUMBERS.has(baseType.name)).map(({ name }) => name))
  return (byTable.get(tableKey(table)) ?? []).filter(({ column }) => columns.has(column))
}

function served({ sequences }: Catalog): ReadonlyMap<string, readonly Served[]> {
  const byTable = new Map<string, Served[]>()
  for (const sequence of sequences) {
    for (const { table, column } of sequence.usedBy) byTable.set(tableKey(table), [...(byTable.get(tableKey(table)) ?? []), { sequence, column }])
  }
  return byTable
}
