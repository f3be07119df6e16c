/**
 * A generated schema with its rows, in memory. Every row carries its organization here, by construction: that is what the mover's
 * discovery is held against, and nothing of it is computed by code of the mover.
 */

export type CellName = 'a' | 'b'
export const CELLS = ['a', 'b'] as const

export interface GeneratedColumn {
  readonly name: string
  /** With collation. */
  readonly type: string
  /** `NOT NULL`, `GENERATED …`; by cell where the cells have ranges of their own. */
  readonly constraint: string | ((cell: CellName) => string)
  /** Left out of INSERTs. */
  readonly computed: boolean
  /** Values are keys of that lookup table, and so mean the same on both cells only by its natural key. */
  readonly through?: GeneratedTable
  /** What a declared rule makes of the value on its way to the target. */
  readonly arrives?: (value: string | null) => string | null
}

export interface GeneratedRow {
  /** Stands in the table's tag column; rows that are one on both cells share it, and so do indistinguishable rows of one table. */
  readonly tag: string
  readonly cells: readonly CellName[]
  /** Null: it belongs to no organization. */
  readonly owner: string | null
  readonly values: Record<string, string | null>
  /** Columns that differ between the cells in a row that is on both. */
  readonly perCell: Readonly<Record<CellName, Readonly<Record<string, string | null>>>>
  /** Exempt rows that this row refers to: what a move must take along or find. */
  readonly needs: { readonly table: GeneratedTable; readonly row: GeneratedRow }[]
}

export interface ForeignKey {
  readonly columns: readonly string[]
  readonly parent: GeneratedTable
  readonly parentColumns: readonly string[]
  readonly action: string
}

export interface Leaf {
  readonly schema: string
  readonly name: string
  /** FOR VALUES … or DEFAULT; by cell where the values are local to it. */
  readonly bound: string | ((cell: CellName) => string)
  readonly entry: Record<string, unknown> | null
}

export interface GeneratedTable {
  readonly database: string
  /** Other databases that have the table without a row. */
  readonly emptyIn: readonly string[]
  readonly schema: string
  readonly name: string
  readonly kind: 'owned' | 'shared' | 'lookup' | 'skip'
  readonly columns: GeneratedColumn[]
  /** Primary key; empty for none. */
  readonly key: string[]
  /** Other keys that may be referred to, each a UNIQUE constraint over NOT NULL columns. */
  readonly alternateKeys: string[][]
  readonly tag: string
  readonly foreignKeys: ForeignKey[]
  readonly checks: string[]
  readonly partition: { readonly by: string; readonly leaves: Leaf[] } | null
  /** Statements after the data, on both cells or on one. */
  readonly after: { readonly sql: string; readonly cell?: CellName }[]
  /** What the configuration says about it; null where inference must find out. */
  entry: Record<string, unknown> | null
  readonly rows: GeneratedRow[]
  /** Column types by which keys of this table can be referred to. */
  readonly keyTypes: Map<string, KeyType>
  /** `differ_by`. */
  readonly differs: readonly string[]
  /** Rows of nobody may stand in it. */
  readonly hasUnowned: boolean
}

/** A type that keys can have, with its values. */
export interface KeyType {
  readonly label: string
  /** With collation. */
  readonly type: (schema: string) => string
  /** A new value for a row of that cell; each is new. */
  readonly next: (cell: CellName | 'both') => string
  /** An equal value, perhaps spelled otherwise. */
  readonly respell: (value: string) => string
  readonly isInteger: boolean
}

export interface GeneratedCase {
  readonly databases: readonly string[]
  readonly schema: string
  readonly tables: readonly GeneratedTable[]
  /** On `a`, and to be moved to `b`. */
  readonly org: string
  readonly config: Readonly<Record<string, unknown>>
  readonly setUp: (cell: CellName, database: string) => string
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteText(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

export function nameOf(table: Pick<GeneratedTable, 'schema' | 'name'>): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`
}

/** As the configuration writes it. */
export function rawName(table: Pick<GeneratedTable, 'schema' | 'name'>): string {
  return `${table.schema}.${table.name}`
}
