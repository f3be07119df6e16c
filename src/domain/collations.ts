import { tableNamed } from './catalog.js'
import type { Catalog, TableName } from './catalog.js'

/** What of a column decides how its text compares. */
export interface Collated {
  /** Other than the type's default, qualified, else null. */
  readonly collation: string | null
  /** False where different spellings are equal. */
  readonly deterministic: boolean
}

/**
 * The collation to compare a column with the key that it refers to under; null where both have the same. Deterministic ones all
 * call the same bytes equal: that of the column that is looked up will do, so that its index serves. Else it is the key's, as
 * PostgreSQL itself compares foreign keys (tried on 17; from 18 on it allows no other difference).
 */
export function comparedUnder(child: Collated, parent: Collated, looked: Collated): string | null {
  if (child.collation === parent.collation) return null
  return (bothDeterministic(child, parent) ? looked : parent).collation ?? 'pg_catalog."default"'
}

/** Whether only one spelling of a key refers to it. */
export function bothDeterministic(child: Collated, parent: Collated): boolean {
  return child.deterministic && parent.deterministic
}

type Place = readonly [table: TableName, column: string]

/** `comparedUnder` for a foreign key's column and the one that it refers to, looked up from the key; null where the catalog has not both. */
export function comparedAs(catalog: Catalog, ...places: readonly [child: Place, parent: Place]): string | null {
  const [child, parent] = places.map(([table, name]) => tableNamed(catalog, table)?.columns.find((column) => column.name === name))
  return child === undefined || parent === undefined ? null : comparedUnder(child, parent, child)
}
