import type { Alternative } from './ownership.js'
import type { ReferenceGraph } from './reference-graph.js'
import { hasColumn, primaryKeyOf } from './table-facts.js'
import type { Tenancy } from './tenancy.js'
import type { DraftUnit } from './units.js'

/** Why a declared rule cannot hold, and what to do about it. */
interface Misfit {
  readonly message: string
  readonly hint: string
}

interface Reference {
  readonly columns: readonly string[]
  readonly table: string
  /** Null: the primary key of that table. */
  readonly referencedColumns: readonly string[] | null
}

const HINT_OF_ODD_KEYS = 'correct the sharding key or the type of the column, or declare `exempt: query` with a where'

/** Sharding keys of the dictionary and the configuration, held against the catalogs. */
export class DeclaredRules {
  readonly #graph: ReferenceGraph
  /** Names that stand for the organizations where there is no such table. */
  readonly #unseenRoots: ReadonlySet<string>

  constructor(graph: ReferenceGraph, tenancy: Tenancy, units: readonly DraftUnit[]) {
    this.#graph = graph
    this.#unseenRoots = unseenRoots(graph, tenancy, units)
  }

  /** What the table's entry says about owners, none where it is silent. With a misfit no alternative may be used: half a rule would find half of the rows. */
  of(unit: DraftUnit): { readonly alternatives: readonly Alternative[]; readonly misfits: readonly Misfit[] } {
    const { entry } = unit
    if (entry === null) return { alternatives: [], misfits: [] }
    const desired = entry.desiredShardingKey.map((key) => ({ columns: [key.foreignKey], table: key.parent, referencedColumns: [key.parentKey] }))
    const found = (entry.shardingKey.length > 0 ? entry.shardingKey : desired).map((reference) => this.#alternative(unit, reference))
    return {
      alternatives: found.filter((rule) => 'kind' in rule),
      misfits: found.filter((rule) => 'message' in rule).map(({ message, hint }) => ({ message: `${entry.place}: ${message}`, hint })),
    }
  }

  #alternative(unit: DraftUnit, { columns, table, referencedColumns }: Reference): Alternative | Misfit {
    const missing = columns.filter((column) => !hasColumn(unit.table, column))
    if (missing.length > 0) return { message: `the table has no column ${missing.join(', ')}`, hint: 'correct the sharding key' }
    const parent = this.#graph.find(table, unit.id.database)
    if (parent === null) return this.#unseenRoot(unit, columns, table)
    const parentColumns = referencedColumns ?? primaryKeyOf(parent.table)
    const unknown = parentColumns.filter((column) => !hasColumn(parent.table, column))
    if (unknown.length > 0) return { message: `${table} has no column ${unknown.join(', ')}`, hint: 'correct the sharding key' }
    if (parentColumns.length !== columns.length) {
      return { message: `${columns.length} columns refer to ${parentColumns.length} columns of ${table}`, hint: 'name the referenced columns: table(column, …)' }
    }
    const odd = this.#graph.isRootKey(parent.id, columns, parentColumns) ? this.#graph.cannotHold(unit, columns[0] ?? '') : this.#graph.cannotFollow(unit, columns, parent, parentColumns)
    return odd === null ? this.#graph.follow(unit, columns, parent, parentColumns) : { message: odd, hint: HINT_OF_ODD_KEYS }
  }

  /** Without a table of organizations the key's value is the organization. */
  #unseenRoot(unit: DraftUnit, columns: readonly string[], table: string): Alternative | Misfit {
    const [column] = columns
    if (columns.length !== 1 || column === undefined || !this.#unseenRoots.has(table)) {
      return { message: `table ${table} does not exist or is not classified in this cell`, hint: 'correct the sharding key, or add the schema to tenancy.schemas' }
    }
    const odd = this.#graph.cannotHold(unit, column)
    return odd === null ? { kind: 'direct', column } : { message: odd, hint: HINT_OF_ODD_KEYS }
  }
}

/**
 * Without a table of organizations a key column's value is the organization, whatever table the dictionary says it refers to.
 * That name must be told from a slip of the pen: it is the one that columns of a configured name refer to, else the only one unknown.
 */
function unseenRoots(graph: ReferenceGraph, tenancy: Tenancy, units: readonly DraftUnit[]): ReadonlySet<string> {
  if (tenancy.root !== null) return new Set()
  const unseen = units.flatMap(({ id, entry }) => (entry?.shardingKey ?? []).filter((key) => graph.find(key.table, id.database) === null))
  const byKeyColumn = new Set(unseen.filter((key) => key.columns.every((column) => tenancy.shardingKey.includes(column))).map((key) => key.table))
  const all = new Set(unseen.map((key) => key.table))
  return byKeyColumn.size > 0 || all.size > 1 ? byKeyColumn : all
}
