import type { Index, Table } from '../domain/catalog.js'

/** An index by which rows are found by a key: valid, one of the key's columns in front, and no row with a key left out of it. */
export function indexFor(table: Table, key: readonly string[]): Index | undefined {
  const fitting = table.indexes.filter((index) => index.isValid && ['btree', 'hash'].includes(index.method) && key.includes(index.columns[0] ?? '') && holdsEveryKey(index))
  return fitting.sort((a, b) => a.columns.length - b.columns.length)[0]
}

/** `WHERE project_id IS NOT NULL` leaves out no row that could be an organization's. */
function holdsEveryKey(index: Index): boolean {
  return index.predicate === null || index.predicate === `(${index.expressions[0] ?? ''} IS NOT NULL)`
}
