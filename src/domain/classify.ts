import { tableKey, tableNamed } from './catalog.js'
import type { ForeignKey, TableName } from './catalog.js'
import { bothDeterministic } from './collations.js'
import { areComparable, canHoldOrganization } from './comparable.js'
import { namedAfter, tableNames } from './column-names.js'
import type { TableNames } from './column-names.js'
import { declarationsOf, strategyOf } from './declared.js'
import { finding } from './finding.js'
import type { Finding } from './finding.js'
import { unitKey } from './ownership.js'
import type { Alternative, Unit, UnitId } from './ownership.js'
import { ancestorsOf, standingFor } from './standing.js'
import type { Standing } from './standing.js'
import { columnNamed, foreignKeysByTable, hasColumn, primaryKeyOf } from './table-facts.js'
import type { Tenancy } from './tenancy.js'
import { candidates, draftUnits, schemasInScope } from './units.js'
import type { Catalogs, DraftUnit } from './units.js'

export interface Classification {
  readonly units: readonly Unit[]
  readonly findings: readonly Finding[]
}

/** What can be referred to: a table to be classified, or one whose leaves are. */
type Parent = Pick<DraftUnit, 'id' | 'table'>

interface Decided {
  readonly alternatives: readonly Alternative[]
  readonly origin: 'dictionary' | 'config' | 'inferred'
  readonly otherChains: readonly Alternative[]
}

/**
 * Says for every table whose its rows are: by declaration first, then from the catalog (a key column of a configured name,
 * else the shortest chain of NOT NULL foreign keys). What neither decides is unclassified, never taken for global (P4).
 * Pure: reads catalogs, no rows. Yields units in the order of their names and a finding for every rule that cannot hold.
 */
export function classify(catalogs: Catalogs, tenancy: Tenancy): Classification {
  return new Classifier(catalogs, tenancy).run()
}

class Classifier {
  readonly #catalogs: Catalogs
  readonly #tenancy: Tenancy
  readonly #drafts: readonly DraftUnit[]
  readonly #byName = new Map<string, DraftUnit[]>()
  readonly #standing: Standing
  readonly #findings: Finding[]
  readonly #decided = new Map<string, Decided>()
  /** Steps to the organization by the shortest way; only what has such a way is in here. */
  readonly #depth = new Map<string, number>()
  readonly #followed = new Set<string>()
  readonly #foreignKeys = new Map<string, readonly ForeignKey[]>()
  /** What columns of a configured name refer to, by their name. */
  readonly #references: ReadonlyMap<string, readonly ForeignKey[]>
  readonly #names: TableNames<UnitId>
  /** Names that stand for the organizations where there is no such table. */
  readonly #unseenRoots: ReadonlySet<string>
  readonly #exempt = new Set<string>()
  readonly #broken = new Map<string, string>()

  constructor(catalogs: Catalogs, tenancy: Tenancy) {
    this.#catalogs = catalogs
    this.#tenancy = tenancy
    const { units, findings } = draftUnits(catalogs, tenancy)
    this.#drafts = units
    this.#findings = [...findings]
    for (const draft of units) {
      const key = tableKey(draft.id)
      this.#byName.set(key, [...(this.#byName.get(key) ?? []), draft])
    }
    this.#standing = standingFor(units, catalogs)
    for (const [database, catalog] of catalogs) {
      for (const [table, keys] of foreignKeysByTable(catalog)) this.#foreignKeys.set(`${database}:${table}`, keys)
    }
    this.#names = tableNames(units.map(({ id }) => id))
    this.#references = this.#referencesOfKeyColumns()
    this.#unseenRoots = this.#namesOfUnseenRoots()
  }

  run(): Classification {
    this.#decideRoot()
    this.#decideDeclared()
    this.#decideKeyColumns()
    this.#followForeignKeys()
    this.#settleParents()
    this.#dropUngrounded()
    this.#settleParents()
    this.#keepOtherChains()
    return { units: this.#drafts.map((draft) => this.#unit(draft)), findings: this.#findings }
  }

  #decideRoot(): void {
    const { root, rootKey } = this.#tenancy
    if (root === null) return
    const drafts = this.#byName.get(tableKey(root)) ?? []
    if (drafts.length === 0) this.#problem(null, `the root table ${tableKey(root)} does not exist`, 'correct tenancy.root (null where a schema has no table of organizations)')
    for (const draft of drafts) {
      if (!hasColumn(draft.table, rootKey)) this.#problem(draft.id, `the root table has no column ${rootKey}`, 'correct tenancy.root_key')
      else this.#decided.set(unitKey(draft.id), { alternatives: [{ kind: 'direct', column: rootKey }], origin: 'config', otherChains: [] })
    }
  }

  #decideDeclared(): void {
    for (const draft of this.#drafts) {
      const key = unitKey(draft.id)
      if (this.#decided.has(key)) continue
      const strategy = strategyOf(draft, this.#tenancy)
      if (strategy !== null) {
        this.#exempt.add(key)
        if (strategy === 'query') this.#decideQuery(draft)
        continue
      }
      const alternatives = this.#declaredAlternatives(draft)
      if (alternatives.length > 0) this.#decided.set(key, { alternatives, origin: draft.entry?.origin ?? 'config', otherChains: [] })
    }
  }

  #decideQuery(draft: DraftUnit): void {
    if (draft.entry?.where != null) return
    this.#problem(draft.id, `${draft.entry?.place ?? ''}: exempt: query needs a where`, 'declare `where: "… :org …"` over alias t')
    this.#broken.set(unitKey(draft.id), 'it is declared query without a where')
  }

  #declaredAlternatives(draft: DraftUnit): readonly Alternative[] {
    const { entry } = draft
    if (entry === null) return []
    const keys = entry.shardingKey.map((key) => this.#alternative(draft, key.columns, key.table, key.referencedColumns, entry.place))
    const desired = entry.shardingKey.length > 0 ? [] : entry.desiredShardingKey.map((key) => this.#alternative(draft, [key.foreignKey], key.parent, [key.parentKey], entry.place))
    const all = [...keys, ...desired]
    const valid = all.filter((alternative) => alternative !== null)
    if (valid.length === all.length) return valid
    // half a rule would find half of the rows
    this.#broken.set(unitKey(draft.id), `the rule in ${entry.place} does not hold against the catalog`)
    return []
  }

  #alternative(draft: DraftUnit, columns: readonly string[], table: string, referenced: readonly string[] | null, place: string): Alternative | null {
    const missing = columns.filter((column) => !hasColumn(draft.table, column))
    if (missing.length > 0) return this.#problem(draft.id, `${place}: the table has no column ${missing.join(', ')}`, 'correct the sharding key')
    const parent = this.#find(table, draft.id.database)
    if (parent === null) {
      const [column] = columns
      // without a table of organizations the key's value is the organization
      if (columns.length === 1 && column !== undefined && this.#unseenRoots.has(table)) {
        const odd = this.#cannotHold(draft, column)
        return odd === null ? { kind: 'direct', column } : this.#problem(draft.id, `${place}: ${odd}`, HINT_OF_ODD_KEYS)
      }
      return this.#problem(draft.id, `${place}: table ${table} does not exist or is not classified in this cell`, 'correct the sharding key, or add the schema to tenancy.schemas')
    }
    const parentColumns = referenced ?? primaryKeyOf(parent.table)
    const unknown = parentColumns.filter((column) => !hasColumn(parent.table, column))
    if (unknown.length > 0) return this.#problem(draft.id, `${place}: ${table} has no column ${unknown.join(', ')}`, 'correct the sharding key')
    if (parentColumns.length !== columns.length) {
      return this.#problem(draft.id, `${place}: ${columns.length} columns refer to ${parentColumns.length} columns of ${table}`, 'name the referenced columns: table(column, …)')
    }
    const odd = this.#isRootKey(parent.id, columns, parentColumns) ? this.#cannotHold(draft, columns[0] ?? '') : this.#cannotFollow(draft, columns, parent, parentColumns)
    if (odd !== null) return this.#problem(draft.id, `${place}: ${odd}`, HINT_OF_ODD_KEYS)
    return this.#reference(draft, columns, parent, parentColumns)
  }

  /** Why the column's value cannot be an organization's id; null where it can. */
  #cannotHold(draft: DraftUnit, name: string): string | null {
    const column = columnNamed(draft.table, name)
    const root = this.#rootTable(draft.id.database)
    const key = root === null ? null : (columnNamed(root.table, this.#tenancy.rootKey) ?? null)
    if (column === undefined || canHoldOrganization(column, key) || this.#hasForeignKey(draft, [name], root?.id ?? null)) return null
    const what = column.isArray ? `; declare \`exempt: query\` with where: ":org = ANY (t.${name})"` : ''
    return `${name} is of type ${column.type}, which ${root === null || key === null ? 'cannot hold the id of an organization' : `cannot be compared with ${tableKey(root.id)}.${key.name} (${key.type})`}${what}`
  }

  /** Why a reference without a foreign key leads nowhere; null where it can be followed. */
  #cannotFollow(draft: DraftUnit, columns: readonly string[], parent: Parent, parentColumns: readonly string[]): string | null {
    if (this.#hasForeignKey(draft, columns, parent.id)) return null
    for (const [n, name] of columns.entries()) {
      const [column, key] = [columnNamed(draft.table, name), columnNamed(parent.table, parentColumns[n] ?? '')]
      if (column !== undefined && key !== undefined && !areComparable(column, key)) return `${name} is of type ${column.type}, which cannot be compared with ${tableKey(parent.id)}.${key.name} (${key.type})`
    }
    return null
  }

  #hasForeignKey(draft: DraftUnit, columns: readonly string[], to: TableName | null): boolean {
    return to !== null && this.#foreignKeysOf(draft).some((fk) => fk.columns.join('\0') === columns.join('\0') && tableKey(fk.references) === tableKey(to))
  }

  #rootTable(database: string): Parent | null {
    const { root } = this.#tenancy
    return root === null ? null : this.#find(tableKey(root), database)
  }

  /** A reference to the root's own key is the key itself. */
  #reference(draft: DraftUnit, columns: readonly string[], parent: Parent, parentColumns: readonly string[]): Alternative {
    const [column] = columns
    if (column !== undefined && this.#isRootKey(parent.id, columns, parentColumns) && this.#isCompared(draft, column, parent)) return { kind: 'direct', column }
    return { kind: 'via', columns, parent: parent.id, parentColumns }
  }

  /** Whether the column tells by itself which spellings are the organization's; else the root's rows must be asked. */
  #isCompared(draft: DraftUnit, column: string, root: Parent): boolean {
    const [child, key] = [columnNamed(draft.table, column), columnNamed(root.table, this.#tenancy.rootKey)]
    // text beside a number is compared with the id as such
    return child === undefined || key === undefined || !areComparable(child, key) || bothDeterministic(child, key) || child.collation === key.collation
  }

  #isRootKey(table: TableName, columns: readonly string[], referenced: readonly string[]): boolean {
    const { root, rootKey } = this.#tenancy
    return root !== null && tableKey(table) === tableKey(root) && columns.length === 1 && referenced.length === 1 && referenced[0] === rootKey
  }

  /**
   * Without a table of organizations a key column's value is the organization, whatever table the dictionary says it refers to.
   * That name must be told from a slip of the pen: it is the one that columns of a configured name refer to, else the only one unknown.
   */
  #namesOfUnseenRoots(): ReadonlySet<string> {
    if (this.#tenancy.root !== null) return new Set()
    const unseen = this.#drafts.flatMap(({ id, entry }) => (entry?.shardingKey ?? []).filter((key) => this.#find(key.table, id.database) === null))
    const byKeyColumn = new Set(unseen.filter((key) => key.columns.every((column) => this.#tenancy.shardingKey.includes(column))).map((key) => key.table))
    const all = new Set(unseen.map((key) => key.table))
    return byKeyColumn.size > 0 || all.size > 1 ? byKeyColumn : all
  }

  #referencesOfKeyColumns(): ReadonlyMap<string, readonly ForeignKey[]> {
    const inScope = this.#drafts.flatMap((draft) => this.#foreignKeysOf(draft).filter((fk) => !this.#isItself(draft, fk.references)))
    return new Map(this.#tenancy.shardingKey.map((column) => [column, inScope.filter((fk) => fk.columns.length === 1 && fk.columns[0] === column)]))
  }

  #decideKeyColumns(): void {
    for (const draft of this.#drafts) {
      if (this.#isSettled(draft)) continue
      const columns = this.#tenancy.shardingKey.filter((column) => hasColumn(draft.table, column))
      const alternatives = columns.map((column) => this.#keyColumn(draft, column)).filter((alternative) => alternative !== null)
      if (columns.length > 0 && alternatives.length === columns.length) this.#decided.set(unitKey(draft.id), { alternatives, origin: 'inferred', otherChains: [] })
    }
  }

  /** The column's foreign key says what its value is; without one, those of the same column elsewhere do; without any, it is the organization. */
  #keyColumn(draft: DraftUnit, column: string): Alternative | null {
    const keys = this.#foreignKeysOf(draft).filter((fk) => fk.columns.length === 1 && fk.columns[0] === column && !this.#isItself(draft, fk.references))
    if (keys.length === 0) return this.#keyColumnByName(draft, column)
    const [key] = keys
    const toRoot = keys.find((fk) => this.#isRootKey(fk.references, fk.columns, fk.referencedColumns))
    if (key === undefined) return { kind: 'direct', column }
    const parent = this.#parentOf(toRoot ?? key, draft.id.database)
    if (parent !== null) return this.#reference(draft, [column], parent, (toRoot ?? key).referencedColumns)
    this.#broken.set(unitKey(draft.id), this.#partition(draft, key) ?? `${column} refers to ${tableKey(key.references)}, which is not classified in this database`)
    return null
  }

  /**
   * A column `project_id` that refers to projects wherever it has a foreign key holds projects where it has none (a table that is partitioned,
   * or in another database): read as organizations its values would match nothing, and the rows would stay behind in silence.
   */
  #keyColumnByName(draft: DraftUnit, column: string): Alternative | null {
    const elsewhere = this.#references.get(column) ?? []
    const other = elsewhere.length > 0 ? undefined : this.#namedTable(column)
    if (other !== undefined) {
      this.#broken.set(unitKey(draft.id), `${column} has no foreign key anywhere, and its name says ${tableKey(other)} rather than the organization`)
      return null
    }
    if (elsewhere.length === 0 || elsewhere.some((fk) => this.#isRootKey(fk.references, fk.columns, fk.referencedColumns))) {
      const odd = this.#cannotHold(draft, column)
      const root = this.#rootTable(draft.id.database)
      if (odd === null) return root === null ? { kind: 'direct', column } : this.#reference(draft, [column], root, [this.#tenancy.rootKey])
      this.#broken.set(unitKey(draft.id), odd)
      return null
    }
    const meant = new Map(elsewhere.map((fk) => [`${tableKey(fk.references)}(${fk.referencedColumns.join(', ')})`, fk]))
    const [[name, key] = [null, undefined], another] = [...meant]
    const parent = key === undefined || another !== undefined ? null : this.#find(tableKey(key.references), draft.id.database)
    if (parent !== null && key !== undefined && this.#cannotFollow(draft, [column], parent, key.referencedColumns) === null) return this.#reference(draft, [column], parent, key.referencedColumns)
    this.#broken.set(unitKey(draft.id), `${column} has no foreign key here, and elsewhere refers to ${another === undefined ? `${name}, which it cannot be compared with` : [...meant.keys()].join(' as well as ')}`)
    return null
  }

  /**
   * Another table than the root that a column is named after: read as organizations, the ids of projects would match nothing or, where both
   * count from 1, a neighbour's rows.
   */
  #namedTable(column: string): UnitId | undefined {
    if (this.#tenancy.root === null) return undefined
    const named = namedAfter(column, this.#names)
    return named.some((id) => this.#isRoot(id)) ? undefined : named[0]
  }

  /**
   * Breadth first from the organization, declared rules and foreign keys together, so that the first chain found is a shortest one
   * and nothing rests on a parent that itself never gets there.
   */
  #followForeignKeys(): void {
    for (const draft of this.#drafts) if (this.#isRoot(draft.id) && this.#decided.has(unitKey(draft.id))) this.#depth.set(unitKey(draft.id), 0)
    for (let depth = 1, grew = true; grew; depth += 1) {
      const round = this.#drafts.filter((draft) => !this.#depth.has(unitKey(draft.id)) && this.#isReached(draft))
      for (const draft of round) this.#depth.set(unitKey(draft.id), depth)
      grew = round.length > 0
    }
  }

  /** Whether what is known by now leads from the table to the organization; infers a rule where there is none. */
  #isReached(draft: DraftUnit): boolean {
    const key = unitKey(draft.id)
    const decided = this.#decided.get(key)
    if (decided !== undefined) return decided.alternatives.some((a) => a.kind === 'direct' || this.#isAnyReached(a.parent))
    if (this.#isQuery(draft.id)) return true
    if (this.#isSettled(draft)) return false
    const [chain] = this.#chains(draft, (parent) => this.#isAnyReached(parent))
    if (chain === undefined) return false
    this.#decided.set(key, { alternatives: [chain], origin: 'inferred', otherChains: [] })
    this.#followed.add(key)
    return true
  }

  /** A rule whose parents never end at the organization decides nothing: say so instead of moving no rows in silence. */
  #dropUngrounded(): void {
    for (const key of [...this.#decided.keys()].filter((k) => !this.#depth.has(k))) {
      this.#broken.set(key, 'its parents lead in a circle and never to an organization')
      this.#decided.delete(key)
    }
  }

  /** The chains that were passed over: prepare checks row by row that they agree with the one chosen. */
  #keepOtherChains(): void {
    for (const draft of this.#drafts) {
      const key = unitKey(draft.id)
      const decided = this.#decided.get(key)
      const [chosen] = decided?.alternatives ?? []
      if (decided?.origin !== 'inferred' || chosen === undefined || decided.alternatives.length > 1) continue
      if (chosen.kind === 'direct' && !this.#followed.has(key)) continue
      const all = this.#chains(draft, (parent) => this.#hasOwner(parent))
      const others = new Map(all.map((chain) => [JSON.stringify(chain), chain]))
      others.delete(JSON.stringify(chosen))
      this.#decided.set(key, { ...decided, otherChains: [...others.values()] })
    }
  }

  /** Declared and key-column rules may lead to parents that only now turned out to have no owner; their children follow them. */
  #settleParents(): void {
    for (let shrank = true; shrank; ) {
      shrank = false
      for (const [key, { alternatives }] of this.#decided) {
        const orphan = alternatives.find((a) => a.kind === 'via' && !this.#hasOwner(a.parent))
        if (orphan === undefined || orphan.kind !== 'via') continue
        this.#broken.set(key, `${orphan.columns.join(', ')} leads to ${tableKey(orphan.parent)}, which has no owner itself`)
        this.#decided.delete(key)
        shrank = true
      }
    }
  }

  /** Chains of NOT NULL foreign keys to parents that have an owner, in the order of their names. */
  #chains(draft: DraftUnit, isOwner: (parent: UnitId) => boolean): readonly Alternative[] {
    const notNull = new Set(draft.table.columns.filter((column) => column.notNull).map((column) => column.name))
    const chains: Alternative[] = []
    for (const key of this.#foreignKeysOf(draft)) {
      if (this.#isItself(draft, key.references) || !key.columns.every((column) => notNull.has(column))) continue
      const parent = this.#parentOf(key, draft.id.database)
      if (parent !== null && isOwner(parent.id)) chains.push(this.#reference(draft, key.columns, parent, key.referencedColumns))
    }
    return chains
  }

  /** In the order of their names; for a leaf that stands for itself also those declared above it. */
  #foreignKeysOf(draft: DraftUnit): readonly ForeignKey[] {
    const { database } = draft.id
    const own = this.#foreignKeys.get(unitKey(draft.id)) ?? []
    if (!draft.table.isPartition) return own
    const above = ancestorsOf(this.#catalogs.get(database), draft.table).flatMap((name) => this.#foreignKeys.get(unitKey({ database, ...name })) ?? [])
    return [...own, ...above].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #parentOf(key: ForeignKey, database: string): Parent | null {
    return (this.#byName.get(tableKey(key.references)) ?? []).find((draft) => draft.id.database === database) ?? this.#split(key.references, database)
  }

  /** A partitioned table whose leaves stand for it. */
  #split(name: TableName, database: string): Parent | null {
    const id = { database, schema: name.schema, name: name.name }
    const table = tableNamed(this.#catalogs.get(database), name)
    return table?.kind === 'partitioned' && this.#standing(id).length > 0 ? { id, table } : null
  }

  #find(name: string, database: string): Parent | null {
    for (const candidate of candidates(name, schemasInScope(this.#tenancy))) {
      const drafts = this.#byName.get(candidate)
      if (drafts !== undefined) return drafts.find((draft) => draft.id.database === database) ?? drafts[0] ?? null
      const [schema = '', ...rest] = candidate.split('.')
      const split = [database, ...this.#catalogs.keys()].map((one) => this.#split({ schema, name: rest.join('.') }, one)).find((parent) => parent !== null)
      if (split !== undefined && split !== null) return split
    }
    return null
  }

  /** The table, or the partitioned one that it is a leaf of. */
  #isItself({ id, table }: DraftUnit, references: TableName): boolean {
    return [id, ...ancestorsOf(this.#catalogs.get(id.database), table)].some((name) => tableKey(name) === tableKey(references))
  }

  #isAnyReached(parent: UnitId): boolean {
    return this.#standing(parent).some((id) => this.#depth.has(unitKey(id)))
  }

  /** Rows of the table, or of a leaf that stands for it, have owners. */
  #hasOwner(parent: UnitId): boolean {
    return this.#standing(parent).some((id) => this.#decided.has(unitKey(id)) || this.#isQuery(id))
  }

  #isSettled(draft: DraftUnit): boolean {
    const key = unitKey(draft.id)
    return this.#decided.has(key) || this.#exempt.has(key) || this.#broken.has(key)
  }

  #isQuery(id: UnitId): boolean {
    const draft = (this.#byName.get(tableKey(id)) ?? []).find((d) => unitKey(d.id) === unitKey(id))
    return draft !== undefined && this.#exempt.has(unitKey(id)) && strategyOf(draft, this.#tenancy) === 'query' && draft.entry?.where != null
  }

  #isRoot(id: UnitId): boolean {
    return this.#tenancy.root !== null && tableKey(id) === tableKey(this.#tenancy.root)
  }

  #unit(draft: DraftUnit): Unit {
    const key = unitKey(draft.id)
    const base = { id: draft.id, table: draft.table, declared: declarationsOf(draft, this.#tenancy) }
    const decided = this.#decided.get(key)
    if (decided !== undefined) {
      return { ...base, class: this.#isRoot(draft.id) ? 'root' : 'sharded', origin: decided.origin, ownership: { kind: 'keys', alternatives: decided.alternatives }, otherChains: decided.otherChains }
    }
    const strategy = strategyOf(draft, this.#tenancy)
    const origin = draft.entry?.origin ?? 'config'
    if (strategy === 'query' && draft.entry?.where != null) return { ...base, class: 'exempt', origin, ownership: { kind: 'query', where: draft.entry.where }, otherChains: [] }
    if (strategy !== null && strategy !== 'query') return { ...base, class: 'exempt', origin, strategy }
    return { ...base, class: 'unclassified', origin: null, reason: this.#broken.get(key) ?? this.#whyUnclassified(draft) }
  }

  #whyUnclassified(draft: DraftUnit): string {
    const keys = this.#foreignKeysOf(draft).filter((key) => !this.#isItself(draft, key.references))
    if (keys.length === 0) return 'it has neither a key column nor a foreign key'
    const toOwned = keys.filter((key) => {
      const parent = this.#parentOf(key, draft.id.database)
      return parent !== null && this.#hasOwner(parent.id)
    })
    const toPartition = toOwned.length > 0 ? undefined : keys.map((key) => this.#partition(draft, key)).find((reason) => reason !== null)
    if (toPartition !== undefined) return toPartition
    if (toOwned.length === 0) return 'it has no key column, and none of its foreign keys leads to a table that has an owner'
    return `it has no key column, and only foreign keys that may be NULL lead to an owner (${toOwned.map((key) => `${key.columns.join(', ')} -> ${tableKey(key.references)}`).join('; ')}); such a key never decides alone`
  }

  /** What to declare where a foreign key leads to one partition of a table that is told as a whole; null for any other. */
  #partition(draft: DraftUnit, { columns, references, referencedColumns }: ForeignKey): string | null {
    const { database } = draft.id
    const table = tableNamed(this.#catalogs.get(database), references)
    const [whole] = table === undefined ? [] : this.#standing({ database, schema: references.schema, name: references.name })
    if (table === undefined || whole === undefined || !ancestorsOf(this.#catalogs.get(database), table).some((above) => tableKey(above) === tableKey(whole))) return null
    return `${columns.join(', ')} refers to ${tableKey(references)}, one partition of ${tableKey(whole)}, which is told as a whole; declare sharding_key: {"${columns.join(', ')}": "${tableKey(whole)}(${referencedColumns.join(', ')})"} if the rows belong to whom those belong to`
  }

  #problem(id: UnitId | null, message: string, hint: string): null {
    this.#findings.push(finding('OM2102', 'error', id === null ? {} : { database: id.database, schema: id.schema, table: id.name }, { message, hint }))
    return null
  }
}

const HINT_OF_ODD_KEYS = 'correct the sharding key or the type of the column, or declare `exempt: query` with a where'
