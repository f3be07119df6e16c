import { childrenOf } from '../domain/catalog.js'
import type { Catalog, Index, Table } from '../domain/catalog.js'
import { ident, identList, qualified } from '../postgres/quote.js'

/** An index by which rows are found by a key: valid, one of the key's columns in front, and no row with a key left out of it. */
export function indexFor(table: Table, key: readonly string[]): Index | undefined {
  const fitting = table.indexes.filter((index) => index.isValid && ['btree', 'hash'].includes(index.method) && key.includes(index.columns[0] ?? '') && holdsEveryKey(index))
  return fitting.sort((a, b) => a.columns.length - b.columns.length)[0]
}

/** `WHERE project_id IS NOT NULL` leaves out no row that could be an organization's. */
function holdsEveryKey(index: Index): boolean {
  return index.predicate === null || index.predicate === `(${index.expressions[0] ?? ''} IS NOT NULL)`
}

/** A hint holds so many statements at most. */
const MOST_LEAVES = 20

/**
 * DDL of an index by the key that no writer waits for long for. On a partitioned table none can be built concurrently: it is built leaf by leaf,
 * and the one of the whole then takes these in.
 */
export function indexDdl(catalog: Catalog | undefined, table: Table, key: readonly string[]): string {
  const columns = identList(key)
  const concurrently = (one: Table): string => `CREATE INDEX CONCURRENTLY ON ${qualified(one)} (${columns});`
  if (table.kind === 'ordinary' || catalog === undefined) return concurrently(table)
  const leaves = leavesOf(catalog, table)
  const shown = leaves.slice(0, MOST_LEAVES).map(concurrently)
  const more = leaves.length - shown.length
  return [...shown, ...(more > 0 ? [`-- likewise on the ${more} other partitions of ${ident(table.name)}, first;`] : []), `CREATE INDEX ON ${qualified(table)} (${columns});`].join('\n')
}

/** The partitions of all levels that hold rows; none of a table that is not partitioned. */
export function leavesOf(catalog: Catalog, table: Table): readonly Table[] {
  return childrenOf(catalog, table).flatMap((child) => (child.kind === 'partitioned' ? leavesOf(catalog, child) : [child]))
}
