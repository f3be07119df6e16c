import { tableKey, tableNamed } from './catalog.js'
import type { ForeignKey, TableName } from './catalog.js'
import { bothDeterministic } from './collations.js'
import { areComparable, canHoldOrganization } from './comparable.js'
import { unitKey } from './ownership.js'
import type { Alternative, UnitId } from './ownership.js'
import { ancestorsOf, standingFor } from './standing.js'
import type { Standing } from './standing.js'
import { columnNamed, foreignKeysByTable } from './table-facts.js'
import type { Tenancy } from './tenancy.js'
import { candidates, schemasInScope } from './units.js'
import type { Catalogs, DraftUnit } from './units.js'

/** What can be referred to: a table to be classified, or one whose leaves are. */
export type Parent = Pick<DraftUnit, 'id' | 'table'>

/** What the catalogs say about how tables refer to each other, whatever is decided about their owners. Immutable. */
export class ReferenceGraph {
  readonly standing: Standing
  readonly #catalogs: Catalogs
  readonly #tenancy: Tenancy
  readonly #byName = new Map<string, DraftUnit[]>()
  readonly #foreignKeys = new Map<string, readonly ForeignKey[]>()

  constructor(catalogs: Catalogs, tenancy: Tenancy, units: readonly DraftUnit[]) {
    this.#catalogs = catalogs
    this.#tenancy = tenancy
    for (const unit of units) {
      const key = tableKey(unit.id)
      this.#byName.set(key, [...(this.#byName.get(key) ?? []), unit])
    }
    this.standing = standingFor(units, catalogs)
    for (const [database, catalog] of catalogs) {
      for (const [table, keys] of foreignKeysByTable(catalog)) this.#foreignKeys.set(`${database}:${table}`, keys)
    }
  }

  /** The units of that name, one for each database that has it. */
  named(name: TableName): readonly DraftUnit[] {
    return this.#byName.get(tableKey(name)) ?? []
  }

  /** The table of a name as it is written in a declaration, in that database rather than in another. */
  find(name: string, database: string): Parent | null {
    for (const candidate of candidates(name, schemasInScope(this.#tenancy))) {
      const units = this.#byName.get(candidate)
      if (units !== undefined) return units.find((unit) => unit.id.database === database) ?? units[0] ?? null
      const [schema = '', ...rest] = candidate.split('.')
      const split = [database, ...this.#catalogs.keys()].map((one) => this.#split({ schema, name: rest.join('.') }, one)).find((parent) => parent !== null)
      if (split !== undefined && split !== null) return split
    }
    return null
  }

  /** What a foreign key refers to, where that is classified in the same database. */
  parentOf(key: ForeignKey, database: string): Parent | null {
    return (this.#byName.get(tableKey(key.references)) ?? []).find((unit) => unit.id.database === database) ?? this.#split(key.references, database)
  }

  /** In the order of their names; for a leaf that stands for itself also those declared above it. */
  foreignKeysOf(unit: DraftUnit): readonly ForeignKey[] {
    const { database } = unit.id
    const own = this.#foreignKeys.get(unitKey(unit.id)) ?? []
    if (!unit.table.isPartition) return own
    const above = ancestorsOf(this.#catalogs.get(database), unit.table).flatMap((name) => this.#foreignKeys.get(unitKey({ database, ...name })) ?? [])
    return [...own, ...above].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Those that lead to another table. */
  outwardKeysOf(unit: DraftUnit): readonly ForeignKey[] {
    return this.foreignKeysOf(unit).filter((key) => !this.#isItself(unit, key.references))
  }

  /** A reference to the root's own key is the key itself. */
  follow(unit: DraftUnit, columns: readonly string[], parent: Parent, parentColumns: readonly string[]): Alternative {
    const [column] = columns
    if (column !== undefined && this.isRootKey(parent.id, columns, parentColumns) && this.#isCompared(unit, column, parent)) return { kind: 'direct', column }
    return { kind: 'via', columns, parent: parent.id, parentColumns }
  }

  /** Why the column's value cannot be an organization's id; null where it can. */
  cannotHold(unit: DraftUnit, name: string): string | null {
    const column = columnNamed(unit.table, name)
    const root = this.rootTable(unit.id.database)
    const key = root === null ? null : (columnNamed(root.table, this.#tenancy.rootKey) ?? null)
    if (column === undefined || canHoldOrganization(column, key) || this.#hasForeignKey(unit, [name], root?.id ?? null)) return null
    const what = column.isArray ? `; declare \`exempt: query\` with where: ":org = ANY (t.${name})"` : ''
    return `${name} is of type ${column.type}, which ${root === null || key === null ? 'cannot hold the id of an organization' : `cannot be compared with ${tableKey(root.id)}.${key.name} (${key.type})`}${what}`
  }

  /** Why a reference without a foreign key leads nowhere; null where it can be followed. */
  cannotFollow(unit: DraftUnit, columns: readonly string[], parent: Parent, parentColumns: readonly string[]): string | null {
    if (this.#hasForeignKey(unit, columns, parent.id)) return null
    for (const [n, name] of columns.entries()) {
      const [column, key] = [columnNamed(unit.table, name), columnNamed(parent.table, parentColumns[n] ?? '')]
      if (column !== undefined && key !== undefined && !areComparable(column, key)) return `${name} is of type ${column.type}, which cannot be compared with ${tableKey(parent.id)}.${key.name} (${key.type})`
    }
    return null
  }

  /** What to declare where a foreign key leads to one partition of a table that is told as a whole; null for any other. */
  toOnePartition(unit: DraftUnit, { columns, references, referencedColumns }: ForeignKey): string | null {
    const { database } = unit.id
    const table = tableNamed(this.#catalogs.get(database), references)
    const [whole] = table === undefined ? [] : this.standing({ database, schema: references.schema, name: references.name })
    if (table === undefined || whole === undefined || !ancestorsOf(this.#catalogs.get(database), table).some((above) => tableKey(above) === tableKey(whole))) return null
    return `${columns.join(', ')} refers to ${tableKey(references)}, one partition of ${tableKey(whole)}, which is told as a whole; declare sharding_key: {"${columns.join(', ')}": "${tableKey(whole)}(${referencedColumns.join(', ')})"} if the rows belong to whom those belong to`
  }

  /** The table, or the partitioned one that it is a leaf of. */
  #isItself({ id, table }: DraftUnit, references: TableName): boolean {
    return [id, ...ancestorsOf(this.#catalogs.get(id.database), table)].some((name) => tableKey(name) === tableKey(references))
  }

  isRoot(id: UnitId): boolean {
    return this.#tenancy.root !== null && tableKey(id) === tableKey(this.#tenancy.root)
  }

  isRootKey(table: TableName, columns: readonly string[], referenced: readonly string[]): boolean {
    const { root, rootKey } = this.#tenancy
    return root !== null && tableKey(table) === tableKey(root) && columns.length === 1 && referenced.length === 1 && referenced[0] === rootKey
  }

  rootTable(database: string): Parent | null {
    const { root } = this.#tenancy
    return root === null ? null : this.find(tableKey(root), database)
  }

  /** A partitioned table whose leaves stand for it. */
  #split(name: TableName, database: string): Parent | null {
    const id = { database, schema: name.schema, name: name.name }
    const table = tableNamed(this.#catalogs.get(database), name)
    return table?.kind === 'partitioned' && this.standing(id).length > 0 ? { id, table } : null
  }

  #hasForeignKey(unit: DraftUnit, columns: readonly string[], to: TableName | null): boolean {
    return to !== null && this.foreignKeysOf(unit).some((fk) => fk.columns.join('\0') === columns.join('\0') && tableKey(fk.references) === tableKey(to))
  }

  /** Whether the column tells by itself which spellings are the organization's; else the root's rows must be asked. */
  #isCompared(unit: DraftUnit, column: string, root: Parent): boolean {
    const [child, key] = [columnNamed(unit.table, column), columnNamed(root.table, this.#tenancy.rootKey)]
    // text beside a number is compared with the id as such
    return child === undefined || key === undefined || !areComparable(child, key) || bothDeterministic(child, key) || child.collation === key.collation
  }
}
