import type { TableName } from './catalog.js'
import type { DictionaryEntry } from './dictionary.js'
import type { Strategy } from './vocabulary.js'

/** How a cell's schema is divided among organizations, as configured. */
export interface Tenancy {
  /** The table whose rows are the organizations; null where a schema has none and the key column's value is the organization. */
  readonly root: TableName | null
  readonly rootKey: string
  /** Column names that make a table direct where the dictionary is silent. */
  readonly shardingKey: readonly string[]
  readonly unowned: 'error' | 'stay'
  readonly schemas: readonly string[]
  readonly classes: ReadonlyMap<string, { readonly database: readonly string[] | null; readonly exempt: Strategy | null }>
  /** Files first, then inline entries of the configuration, which win field by field. */
  readonly entries: readonly DictionaryEntry[]
  readonly hasDictionary: boolean
  /** What is wrong with files of the dictionary, each with file and line; what they say of their tables is not among the entries. */
  readonly problems: readonly string[]
}
