import { tableKey } from './catalog.js'
import type { ForeignKey, TableName } from './catalog.js'
import { namedAfter, tableNames } from './column-names.js'
import type { TableNames } from './column-names.js'
import type { Alternative, UnitId } from './ownership.js'
import type { ReferenceGraph } from './reference-graph.js'
import type { Tenancy } from './tenancy.js'
import type { DraftUnit } from './units.js'

/** What columns of a configured name (`tenancy.sharding_key`) refer to, in tables that nothing was declared about. */
export class KeyColumns {
  readonly #graph: ReferenceGraph
  readonly #tenancy: Tenancy
  readonly #names: TableNames<UnitId>
  /** What such columns refer to anywhere, by their name. */
  readonly #references: ReadonlyMap<string, readonly ForeignKey[]>
  /** Foreign keys of one column, by that column. */
  readonly #onward: ReadonlyMap<string, ForeignKey>

  constructor(graph: ReferenceGraph, tenancy: Tenancy, units: readonly DraftUnit[]) {
    this.#graph = graph
    this.#tenancy = tenancy
    this.#names = tableNames(units.map(({ id }) => id))
    const outward = units.flatMap((unit) => graph.outwardKeysOf(unit))
    this.#references = new Map(tenancy.shardingKey.map((column) => [column, outward.filter((fk) => isOf(fk, column))]))
    this.#onward = new Map(outward.filter(({ columns }) => columns.length === 1).map((fk) => [columnsKey(fk.table, fk.columns), fk]))
  }

  /**
   * The column's foreign key says what its value is; without one, those of the same column elsewhere do; without any, it is the organization.
   * A text says why none of these can be; null: it is what others refer to this table by, and says nothing of the owner.
   */
  of(unit: DraftUnit, column: string): Alternative | string | null {
    const keys = this.#graph.outwardKeysOf(unit).filter((fk) => isOf(fk, column))
    const key = keys.find((fk) => this.#graph.isRootKey(fk.references, fk.columns, fk.referencedColumns)) ?? keys[0]
    if (key === undefined) return this.#withoutForeignKey(unit, column)
    const parent = this.#graph.parentOf(key, unit.id.database)
    if (parent !== null) return this.#graph.follow(unit, [column], parent, key.referencedColumns)
    return this.#graph.toOnePartition(unit, key) ?? `${column} refers to ${tableKey(key.references)}, which is not classified in this database`
  }

  /**
   * A column `project_id` that refers to projects wherever it has a foreign key holds projects where it has none (a table that is partitioned,
   * or in another database): read as organizations its values would match nothing, and the rows would stay behind in silence.
   */
  #withoutForeignKey(unit: DraftUnit, column: string): Alternative | string | null {
    const elsewhere = this.#references.get(column) ?? []
    const other = elsewhere.length > 0 ? undefined : this.#namedTable(column)
    if (other !== undefined) return `${column} has no foreign key anywhere, and its name says ${tableKey(other)} rather than the organization`
    if (elsewhere.length === 0) return this.#organization(unit, column)
    const meant = this.#commonMeaning(elsewhere)
    if (meant !== undefined && this.#graph.isRootKey(meant.references, meant.columns, meant.referencedColumns)) return this.#organization(unit, column)
    if (meant !== undefined && columnsKey(meant.references, meant.referencedColumns) === columnsKey(unit.id, [column])) return null
    const parent = meant === undefined ? null : this.#graph.find(tableKey(meant.references), unit.id.database)
    if (parent !== null && meant !== undefined && this.#graph.cannotFollow(unit, [column], parent, meant.referencedColumns) === null) return this.#graph.follow(unit, [column], parent, meant.referencedColumns)
    const names = [...new Set(elsewhere.map(({ references, referencedColumns }) => columnsKey(references, referencedColumns)))]
    return `${column} has no foreign key here, and elsewhere refers to ${names.join(' as well as ')}${meant === undefined ? '' : ', which it cannot be compared with'}`
  }

  /**
   * What all of them refer to in the end: a table that shares the key of another (its own key is a foreign key) holds a part of that one's values,
   * so references to both mean the nearest that they have in common. Without one, they disagree.
   */
  #commonMeaning(keys: readonly ForeignKey[]): ForeignKey | undefined {
    const [first = [], ...others] = keys.map((key) => this.#meaningsOf(key))
    return first.find((fk) => others.every((meanings) => meanings.some((other) => columnsKey(other.references, other.referencedColumns) === columnsKey(fk.references, fk.referencedColumns))))
  }

  /** The reference itself first, then where what it refers to leads on. */
  #meaningsOf(key: ForeignKey): readonly ForeignKey[] {
    const meanings: ForeignKey[] = []
    for (let next: ForeignKey | undefined = key; next !== undefined && !meanings.includes(next); next = this.#onward.get(columnsKey(next.references, next.referencedColumns))) meanings.push(next)
    return meanings
  }

  #organization(unit: DraftUnit, column: string): Alternative | string {
    const odd = this.#graph.cannotHold(unit, column)
    if (odd !== null) return odd
    const root = this.#graph.rootTable(unit.id.database)
    return root === null ? { kind: 'direct', column } : this.#graph.follow(unit, [column], root, [this.#tenancy.rootKey])
  }

  /**
   * Another table than the root that a column is named after: read as organizations, the ids of projects would match nothing or, where both
   * count from 1, a neighbour's rows.
   */
  #namedTable(column: string): UnitId | undefined {
    if (this.#tenancy.root === null) return undefined
    const named = namedAfter(column, this.#names)
    return named.some((id) => this.#graph.isRoot(id)) ? undefined : named[0]
  }
}

function columnsKey(table: TableName, columns: readonly string[]): string {
  return `${tableKey(table)}(${columns.join(', ')})`
}

function isOf(key: ForeignKey, column: string): boolean {
  return key.columns.length === 1 && key.columns[0] === column
}
