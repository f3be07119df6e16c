import type { Table, TableName } from './catalog.js'
import type { ColumnRule } from './dictionary.js'
import type { Origin, Strategy } from './vocabulary.js'

/** A table of one database of a cell: what ownership, plans and manifests speak of. Printed as `database:schema.table`. */
export interface UnitId extends TableName {
  readonly database: string
}

export function unitKey(unit: UnitId): string {
  return `${unit.database}:${unit.schema}.${unit.name}`
}

/**
 * One way in which a row can belong to the organization: the value of a column is the organization's key, or columns refer to
 * a row of a parent that belongs to it. A table with several is `any_of`: the row belongs when any of them says so.
 */
export type Alternative =
  | { readonly kind: 'direct'; readonly column: string }
  | { readonly kind: 'via'; readonly columns: readonly string[]; readonly parent: UnitId; readonly parentColumns: readonly string[] }

/** What decides whose a table's rows are. */
export type Ownership =
  | { readonly kind: 'keys'; readonly alternatives: readonly Alternative[] }
  /** A declared predicate over alias t, with :org. */
  | { readonly kind: 'query'; readonly where: string }

/** What is declared about a table besides its ownership. */
export interface Declarations {
  /** File and line, or key of the configuration, for messages; null where nothing is declared. */
  readonly place: string | null
  readonly unowned: 'error' | 'stay'
  readonly matchBy: readonly string[] | null
  readonly insertMissing: boolean
  /** `shared`: which rows, instead of the closure. */
  readonly where: string | null
  readonly differBy: readonly string[]
  readonly purge: 'unreferenced' | null
  /** References from rows that stay to rows of this table do not stop its purge. */
  readonly inbound: 'stay' | null
  readonly columns: Readonly<Record<string, ColumnRule>>
}

interface Classified {
  readonly id: UnitId
  readonly table: Table
  readonly origin: Origin | null
  readonly declared: Declarations
}

/** A table whose rows belong to organizations: sharded, the root, or exempt with strategy `query`. */
export interface OwnedUnit extends Classified {
  readonly class: 'root' | 'sharded' | 'exempt'
  readonly ownership: Ownership
  /** Further NOT NULL foreign-key chains that inference passed over: prepare checks that they agree. */
  readonly otherChains: readonly Alternative[]
}

export interface ExemptUnit extends Classified {
  readonly class: 'exempt'
  readonly strategy: Exclude<Strategy, 'query'>
}

export interface UnclassifiedUnit extends Classified {
  readonly class: 'unclassified'
  /** Why, for the finding. */
  readonly reason: string
}

export type Unit = OwnedUnit | ExemptUnit | UnclassifiedUnit

export function isOwned(unit: Unit): unit is OwnedUnit {
  return 'ownership' in unit
}

export function isExempt(unit: Unit, strategy: ExemptUnit['strategy']): unit is ExemptUnit {
  return 'strategy' in unit && unit.strategy === strategy
}
