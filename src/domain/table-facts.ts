import { tableKey } from './catalog.js'
import type { Catalog, Column, ForeignKey, Table } from './catalog.js'

export function primaryKeyOf(table: Table): readonly string[] {
  const columns = table.indexes.find((index) => index.isPrimary)?.columns ?? []
  return columns.filter((column) => column !== null)
}

export function hasColumn(table: Table, name: string): boolean {
  return columnNamed(table, name) !== undefined
}

export function columnNamed(table: Table, name: string): Column | undefined {
  return table.columns.find((column) => column.name === name)
}

/** Foreign keys by the table that has them, in the order of their names. */
export function foreignKeysByTable(catalog: Catalog): ReadonlyMap<string, readonly ForeignKey[]> {
  const byTable = new Map<string, ForeignKey[]>()
  for (const key of [...catalog.foreignKeys].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const known = byTable.get(tableKey(key.table))
    if (known === undefined) byTable.set(tableKey(key.table), [key])
    else known.push(key)
  }
  return byTable
}
