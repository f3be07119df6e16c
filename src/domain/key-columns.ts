import { tableKey } from './catalog.js'
import type { ForeignKey } from './catalog.js'
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

  constructor(graph: ReferenceGraph, tenancy: Tenancy, units: readonly DraftUnit[]) {
    this.#graph = graph
    this.#tenancy = tenancy
    this.#names = tableNames(units.map(({ id }) => id))
    const outward = units.flatMap((unit) => graph.outwardKeysOf(unit))
    this.#references = new Map(tenancy.shardingKey.map((column) => [column, outward.filter((fk) => isOf(fk, column))]))
  }

  /**
   * The column's foreign key says what its value is; without one, those of the same column elsewhere do; without any, it is the organization.
   * A text says why none of these can be.
   */
  of(unit: DraftUnit, column: string): Alternative | string {
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
  #withoutForeignKey(unit: DraftUnit, column: string): Alternative | string {
    const elsewhere = this.#references.get(column) ?? []
    const other = elsewhere.length > 0 ? undefined : this.#namedTable(column)
    if (other !== undefined) return `${column} has no foreign key anywhere, and its name says ${tableKey(other)} rather than the organization`
    if (elsewhere.length === 0 || elsewhere.some((fk) => this.#graph.isRootKey(fk.references, fk.columns, fk.referencedColumns))) return this.#organization(unit, column)
    const meant = new Map(elsewhere.map((fk) => [`${tableKey(fk.references)}(${fk.referencedColumns.join(', ')})`, fk]))
    const [[name, key] = [null, undefined], another] = [...meant]
    const parent = key === undefined || another !== undefined ? null : this.#graph.find(tableKey(key.references), unit.id.database)
    if (parent !== null && key !== undefined && this.#graph.cannotFollow(unit, [column], parent, key.referencedColumns) === null) return this.#graph.follow(unit, [column], parent, key.referencedColumns)
    return `${column} has no foreign key here, and elsewhere refers to ${another === undefined ? `${name}, which it cannot be compared with` : [...meant.keys()].join(' as well as ')}`
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

function isOf(key: ForeignKey, column: string): boolean {
  return key.columns.length === 1 && key.columns[0] === column
}
