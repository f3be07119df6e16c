import { tableKey } from './catalog.js'
import type { Catalog, Column, ForeignKey } from './catalog.js'
import { namedAfter, tableNames } from './column-names.js'
import { areComparable } from './comparable.js'
import type { TableNames } from './column-names.js'
import { isOwned } from './ownership.js'
import type { OwnedUnit, UnclassifiedUnit, Unit } from './ownership.js'
import { columnNamed, foreignKeysByTable, primaryKeyOf } from './table-facts.js'
import type { Tenancy } from './tenancy.js'
import type { Catalogs } from './units.js'

/** What a person who has to declare a table may look at first, to be appended to a hint; empty where the catalog has no trace. */
export type SuggestOwner = (unit: UnclassifiedUnit) => string

const SHOWN = 4

/**
 * Traces that decide nothing by themselves: foreign keys that may be NULL, columns that by their name lead to a table that has an
 * owner, pairs of type and id, and tables that refer to this one, with an owner or waiting for it. Pure.
 */
export function ownerSuggestions(catalogs: Catalogs, units: readonly Unit[], tenancy: Tenancy): SuggestOwner {
  const traces = new Map([...catalogs].map(([database, catalog]) => [database, new Traces(catalog, units.filter(({ id }) => id.database === database), tenancy.schemas[0])]))
  return (unit) => traces.get(unit.id.database)?.of(unit).map((sentence) => `; ${sentence}`).join('') ?? ''
}

/** Of one database. */
class Traces {
  readonly #owned: ReadonlyMap<string, OwnedUnit>
  readonly #names: TableNames<Unit['id']>
  readonly #keys: ReadonlyMap<string, readonly ForeignKey[]>
  /** Tables with an owner, by what they refer to. */
  readonly #referring = new Map<string, Set<string>>()
  /** Unclassified tables, by what they refer to. */
  readonly #waiting = new Map<string, Set<string>>()
  /** What foreign keys of one column refer to, by the column's name. */
  readonly #meant = new Map<string, Set<string>>()
  readonly #defaultSchema: string | undefined

  constructor(catalog: Catalog, units: readonly Unit[], defaultSchema: string | undefined) {
    this.#owned = new Map(units.filter(isOwned).map((unit) => [tableKey(unit.id), unit]))
    this.#names = tableNames(units.map(({ id }) => id))
    this.#keys = foreignKeysByTable(catalog)
    this.#defaultSchema = defaultSchema
    const undecided = new Set(units.filter((unit) => unit.class === 'unclassified').map(({ id }) => tableKey(id)))
    for (const { table, columns, references } of catalog.foreignKeys) {
      if (this.#owned.has(tableKey(table))) add(this.#referring, tableKey(references), tableKey(table))
      else if (undecided.has(tableKey(table)) && tableKey(table) !== tableKey(references)) add(this.#waiting, tableKey(references), tableKey(table))
      if (columns.length === 1) add(this.#meant, columns.join(), tableKey(references))
    }
  }

  of({ id, table }: UnclassifiedUnit): readonly string[] {
    const keys = this.#keys.get(tableKey(id)) ?? []
    const free = table.columns.filter(({ name }) => !keys.some((key) => key.columns.includes(name)))
    return [
      ...declaration('its foreign keys', keys.flatMap((key) => this.#byForeignKey(key))),
      ...declaration('no more than the names of its columns', free.flatMap((column) => this.#byName(column))),
      ...polymorphic(free),
      ...referred(this.#referring.get(tableKey(id)), 'with an owner', 'skip would leave them without their rows'),
      ...referred(this.#waiting.get(tableKey(id)), 'that nothing decides either', 'what is declared here may decide them too'),
    ]
  }

  #byForeignKey({ columns, references, referencedColumns }: ForeignKey): readonly string[] {
    const parent = this.#owned.get(tableKey(references))
    return parent === undefined || columns.length > 1 ? [] : [`${columns.join()}: ${this.#reference(parent, referencedColumns)}`]
  }

  /** What the column is named after, else what columns of its name refer to elsewhere. */
  #byName(column: Column): readonly string[] {
    const named = namedAfter(column.name, this.#names).map(tableKey)
    const [only, another] = named.length > 0 ? named : (this.#meant.get(column.name) ?? [])
    const parent = only === undefined || another !== undefined ? undefined : this.#owned.get(only)
    if (parent === undefined) return []
    const key = primaryKeyOf(parent.table)
    const other = key.length === 1 ? columnNamed(parent.table, key.join()) : undefined
    return other !== undefined && areComparable(column, other) ? [`${column.name}: ${this.#reference(parent, key)}`] : []
  }

  #reference({ id, table }: OwnedUnit, referenced: readonly string[]): string {
    const name = id.schema === this.#defaultSchema ? id.name : tableKey(id)
    return referenced.join() === primaryKeyOf(table).join() ? name : `"${name}(${referenced.join(', ')})"`
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value))
}

function declaration(evidence: string, entries: readonly string[]): readonly string[] {
  return entries.length === 0 ? [] : [`by ${evidence}: sharding_key: {${entries.slice(0, SHOWN).join(', ')}}`]
}

/** `commentable_type` beside `commentable_id`: no key can say which table a value is of. */
function polymorphic(columns: readonly Column[]): readonly string[] {
  const names = new Set(columns.map(({ name }) => name))
  const ids = [...names].filter((name) => /.(_id|Id)$/.test(name) && names.has(typeColumn(name)))
  return ids.map((name) => `${typeColumn(name)} and ${name} look like a reference to several tables: query, with a where that looks into each of them`)
}

function typeColumn(name: string): string {
  return name.replace(/_id$/, '_type').replace(/Id$/, 'Type')
}

function referred(by: ReadonlySet<string> | undefined, which: string, consequence: string): readonly string[] {
  const [first, ...more] = by ?? []
  if (first === undefined) return []
  const others = more.length === 0 ? '' : ` and ${more.length} more table${more.length === 1 ? '' : 's'}`
  return [`${first}${others} ${which} refer${more.length === 0 ? 's' : ''} to it: ${consequence}`]
}
