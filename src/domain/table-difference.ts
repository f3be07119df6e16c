import type { ForeignKey, Table } from './catalog.js'
import type { Severity } from './finding.js'

/** One table on both cells, for the parts of the comparison. */
export interface TablePair {
  readonly source: SideOfTable
  readonly target: SideOfTable
  /** Another major version may print the same expression in another way: such a difference is then a warning only. */
  readonly sameMajor: boolean
}

export interface SideOfTable {
  readonly table: Table
  readonly foreignKeys: readonly ForeignKey[]
}

/** A difference before it is placed in a finding. */
export interface TableDifference {
  readonly severity: Severity
  readonly message: string
}
