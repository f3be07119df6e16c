import { tableKey } from './catalog.js'
import type { ForeignKey, Table } from './catalog.js'
import { finding } from './finding.js'
import type { Finding } from './finding.js'
import { unitKey } from './ownership.js'
import type { Alternative, Declarations, Unit, UnitId } from './ownership.js'
import type { Tenancy } from './tenancy.js'
import { candidates, draftUnits } from './units.js'
import type { Catalogs, DraftUnit } from './units.js'

export interface Classification {
  readonly units: readonly Unit[]
  readonly findings: readonly Finding[]
}

interface Decided {
  readonly alternatives: readonly Alternative[]
  readonly origin: 'dictionary' | 'config' | 'inferred'
  /** Steps to the organization by the shortest way. */
  readonly depth: number
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
  readonly #findings: Finding[]
  readonly #decided = new Map<string, Decided>()
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
  }

  run(): Classification {
    this.#decideRoot()
    this.#decideDeclared()
    this.#decideKeyColumns()
    this.#dropUngrounded()
    this.#followForeignKeys()
    return { units: this.#drafts.map((draft) => this.#unit(draft)), findings: this.#findings }
  }

  #decideRoot(): void {
    const { root, rootKey } = this.#tenancy
    if (root === null) return
    const drafts = this.#byName.get(tableKey(root)) ?? []
    if (drafts.length === 0) this.#problem(null, `the root table ${tableKey(root)} does not exist`, 'correct tenancy.root (null where a schema has no table of organizations)')
    for (const draft of drafts) {
      if (!hasColumn(draft.table, rootKey)) this.#problem(draft.id, `the root table has no column ${rootKey}`, 'correct tenancy.root_key')
      else this.#decided.set(unitKey(draft.id), { alternatives: [{ kind: 'direct', column: rootKey }], origin: 'config', depth: 0, otherChains: [] })
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
      if (alternatives.length > 0) this.#decided.set(key, { alternatives, origin: draft.entry?.origin ?? 'config', depth: 1, otherChains: [] })
    }
  }

  #decideQuery(draft: DraftUnit): void {
    if (draft.entry?.where == null) this.#problem(draft.id, 'exempt: query needs a where', 'declare `where: "… :org …"` over alias t')
  }

  #declaredAlternatives(draft: DraftUnit): readonly Alternative[] {
    const { entry } = draft
    if (entry === null) return []
    const keys = entry.shardingKey.map((key) => this.#alternative(draft, key.columns, key.table, key.referencedColumns, entry.place))
    const desired = entry.shardingKey.length > 0 ? [] : entry.desiredShardingKey.map((key) => this.#alternative(draft, [key.foreignKey], key.parent, [key.parentKey], entry.place))
    const all = [...keys, ...desired]
    if (all.some((alternative) => alternative === null)) this.#broken.set(unitKey(draft.id), `the rule in ${entry.place} does not hold against the catalog`)
    return all.filter((alternative) => alternative !== null)
  }

  #alternative(draft: DraftUnit, columns: readonly string[], table: string, referenced: readonly string[] | null, place: string): Alternative | null {
    const missing = columns.filter((column) => !hasColumn(draft.table, column))
    if (missing.length > 0) return this.#problem(draft.id, `${place}: the table has no column ${missing.join(', ')}`, 'correct the sharding key')
    const parent = this.#find(table, draft.id.database)
    if (parent === null) {
      const [column] = columns
      // without a table of organizations the key's value is the organization
      if (this.#tenancy.root === null && columns.length === 1 && column !== undefined) return { kind: 'direct', column }
      return this.#problem(draft.id, `${place}: table ${table} does not exist or is not classified in this cell`, 'correct the sharding key, or add the schema to tenancy.schemas')
    }
    const parentColumns = referenced ?? primaryKeyOf(parent.table)
    const unknown = parentColumns.filter((column) => !hasColumn(parent.table, column))
    if (unknown.length > 0) return this.#problem(draft.id, `${place}: ${table} has no column ${unknown.join(', ')}`, 'correct the sharding key')
    if (parentColumns.length !== columns.length) {
      return this.#problem(draft.id, `${place}: ${columns.length} columns refer to ${parentColumns.length} columns of ${table}`, 'name the referenced columns: table(column, …)')
    }
    return this.#reference(columns, parent, parentColumns)
  }

  /** A reference to the root's own key is the key itself. */
  #reference(columns: readonly string[], parent: DraftUnit, parentColumns: readonly string[]): Alternative {
    const { root, rootKey } = this.#tenancy
    const [column] = columns
    if (root !== null && tableKey(parent.id) === tableKey(root) && columns.length === 1 && column !== undefined && parentColumns[0] === rootKey) return { kind: 'direct', column }
    return { kind: 'via', columns, parent: parent.id, parentColumns }
  }

  #decideKeyColumns(): void {
    for (const draft of this.#drafts) {
      if (this.#isSettled(draft)) continue
      const alternatives: Alternative[] = []
      for (const column of this.#tenancy.shardingKey) {
        if (!hasColumn(draft.table, column)) continue
        const key = this.#foreignKeysOf(draft).find((fk) => fk.columns.length === 1 && fk.columns[0] === column && tableKey(fk.references) !== tableKey(draft.id))
        const parent = key === undefined ? null : this.#parentOf(key, draft.id.database)
        if (key !== undefined && parent !== null) alternatives.push(this.#reference(key.columns, parent, key.referencedColumns))
        else alternatives.push({ kind: 'direct', column })
      }
      if (alternatives.length > 0) this.#decided.set(unitKey(draft.id), { alternatives, origin: 'inferred', depth: 1, otherChains: [] })
    }
  }

  /** A rule whose parents never end at the organization decides nothing: say so instead of moving no rows in silence. */
  #dropUngrounded(): void {
    const grounded = new Set<string>()
    const declaredOwner = (key: string): boolean => grounded.has(key)
    for (let grew = true; grew; ) {
      grew = false
      for (const [key, { alternatives }] of this.#decided) {
        if (grounded.has(key)) continue
        if (alternatives.some((a) => a.kind === 'direct' || declaredOwner(unitKey(a.parent)) || this.#isQuery(a.parent) || this.#mayBeInferred(a.parent))) {
          grounded.add(key)
          grew = true
        }
      }
    }
    for (const key of this.#decided.keys()) {
      if (grounded.has(key)) continue
      const reason = 'its parents lead in a circle and never to an organization'
      this.#broken.set(key, reason)
      this.#decided.delete(key)
    }
  }

  /** Breadth first, so that the first chain found is a shortest one; the others are kept for the row-by-row check. */
  #followForeignKeys(): void {
    for (let depth = 1, grew = true; grew; depth += 1) {
      grew = false
      const round = new Map<string, Decided>()
      for (const draft of this.#drafts) {
        if (this.#isSettled(draft)) continue
        const chain = this.#chains(draft)[0]
        if (chain !== undefined) round.set(unitKey(draft.id), { alternatives: [chain], origin: 'inferred', depth, otherChains: [] })
      }
      for (const [key, decided] of round) {
        this.#decided.set(key, decided)
        grew = true
      }
    }
    this.#settleParents()
    for (const draft of this.#drafts) {
      const key = unitKey(draft.id)
      const decided = this.#decided.get(key)
      if (decided?.origin !== 'inferred' || decided.alternatives.length !== 1 || decided.alternatives[0]?.kind !== 'via') continue
      const chosen = JSON.stringify(decided.alternatives[0])
      this.#decided.set(key, { ...decided, otherChains: this.#chains(draft).filter((chain) => JSON.stringify(chain) !== chosen) })
    }
  }

  /** Declared and key-column rules may lead to parents that only now turned out to have no owner; their children follow them. */
  #settleParents(): void {
    for (let shrank = true; shrank; ) {
      shrank = false
      for (const [key, { alternatives }] of this.#decided) {
        const orphan = alternatives.find((a) => a.kind === 'via' && !this.#decided.has(unitKey(a.parent)) && !this.#isQuery(a.parent))
        if (orphan === undefined || orphan.kind !== 'via') continue
        this.#broken.set(key, `${orphan.columns.join(', ')} leads to ${tableKey(orphan.parent)}, which has no owner itself`)
        this.#decided.delete(key)
        shrank = true
      }
    }
  }

  /** Chains of NOT NULL foreign keys to tables that have an owner, in the order of their names. */
  #chains(draft: DraftUnit): readonly Alternative[] {
    const notNull = new Set(draft.table.columns.filter((column) => column.notNull).map((column) => column.name))
    const chains: Alternative[] = []
    for (const key of this.#foreignKeysOf(draft)) {
      if (tableKey(key.references) === tableKey(draft.id) || !key.columns.every((column) => notNull.has(column))) continue
      const parent = this.#parentOf(key, draft.id.database)
      if (parent !== null && (this.#decided.has(unitKey(parent.id)) || this.#isQuery(parent.id))) chains.push(this.#reference(key.columns, parent, key.referencedColumns))
    }
    return chains
  }

  #foreignKeysOf(draft: DraftUnit): readonly ForeignKey[] {
    const catalog = this.#catalogs.get(draft.id.database)
    const names = new Set([tableKey(draft.id), ...ancestorsOf(draft.table, catalog?.tables ?? [])])
    return (catalog?.foreignKeys ?? []).filter((key) => names.has(tableKey(key.table))).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #parentOf(key: ForeignKey, database: string): DraftUnit | null {
    return (this.#byName.get(tableKey(key.references)) ?? []).find((draft) => draft.id.database === database) ?? null
  }

  #find(name: string, database: string): DraftUnit | null {
    for (const candidate of candidates(name, this.#tenancy.schemas)) {
      const drafts = this.#byName.get(candidate)
      if (drafts !== undefined) return drafts.find((draft) => draft.id.database === database) ?? drafts[0] ?? null
    }
    return null
  }

  #isSettled(draft: DraftUnit): boolean {
    const key = unitKey(draft.id)
    return this.#decided.has(key) || this.#exempt.has(key) || this.#broken.has(key)
  }

  #isQuery(id: UnitId): boolean {
    const draft = (this.#byName.get(tableKey(id)) ?? []).find((d) => unitKey(d.id) === unitKey(id))
    return draft !== undefined && this.#exempt.has(unitKey(id)) && strategyOf(draft, this.#tenancy) === 'query' && draft.entry?.where != null
  }

  #mayBeInferred(id: UnitId): boolean {
    const key = unitKey(id)
    return !this.#decided.has(key) && !this.#exempt.has(key) && !this.#broken.has(key)
  }

  #unit(draft: DraftUnit): Unit {
    const key = unitKey(draft.id)
    const base = { id: draft.id, table: draft.table, declared: declarationsOf(draft, this.#tenancy) }
    const decided = this.#decided.get(key)
    if (decided !== undefined) {
      const isRoot = this.#tenancy.root !== null && tableKey(draft.id) === tableKey(this.#tenancy.root)
      return { ...base, class: isRoot ? 'root' : 'sharded', origin: decided.origin, ownership: { kind: 'keys', alternatives: decided.alternatives }, otherChains: decided.otherChains }
    }
    const strategy = strategyOf(draft, this.#tenancy)
    const origin = draft.entry?.origin ?? 'config'
    if (strategy === 'query' && draft.entry?.where != null) return { ...base, class: 'exempt', origin, ownership: { kind: 'query', where: draft.entry.where }, otherChains: [] }
    if (strategy !== null && strategy !== 'query') return { ...base, class: 'exempt', origin, strategy }
    return { ...base, class: 'unclassified', origin: null, reason: this.#broken.get(key) ?? this.#whyUnclassified(draft) }
  }

  #whyUnclassified(draft: DraftUnit): string {
    const keys = this.#foreignKeysOf(draft).filter((key) => tableKey(key.references) !== tableKey(draft.id))
    if (keys.length === 0) return 'it has neither a key column nor a foreign key'
    const toOwned = keys.filter((key) => {
      const parent = this.#parentOf(key, draft.id.database)
      return parent !== null && this.#decided.has(unitKey(parent.id))
    })
    if (toOwned.length === 0) return 'it has no key column, and none of its foreign keys leads to a table that has an owner'
    return `it has no key column, and only foreign keys that may be NULL lead to an owner (${toOwned.map((key) => `${key.columns.join(', ')} -> ${tableKey(key.references)}`).join('; ')}); such a key never decides alone`
  }

  #problem(id: UnitId | null, message: string, hint: string): null {
    this.#findings.push(finding('OM2102', 'error', id === null ? {} : { database: id.database, schema: id.schema, table: id.name }, { message, hint }))
    return null
  }
}

function strategyOf(draft: DraftUnit, tenancy: Tenancy): 'skip' | 'lookup' | 'shared' | 'query' | null {
  const { entry } = draft
  if (entry === null) return null
  if (entry.exempt !== null) return entry.exempt
  if (entry.shardingKey.length > 0 || entry.desiredShardingKey.length > 0) return null
  return entry.class === null ? null : (tenancy.classes.get(entry.class)?.exempt ?? null)
}

function declarationsOf({ entry }: DraftUnit, tenancy: Tenancy): Declarations {
  return {
    unowned: entry?.unowned ?? tenancy.unowned,
    matchBy: entry?.matchBy ?? null,
    insertMissing: entry?.insertMissing ?? false,
    where: entry?.where ?? null,
    differBy: entry?.differBy ?? [],
    purge: entry?.purge ?? null,
    columns: entry?.columns ?? {},
  }
}

export function primaryKeyOf(table: Table): readonly string[] {
  const columns = table.indexes.find((index) => index.isPrimary)?.columns ?? []
  return columns.filter((column) => column !== null)
}

function hasColumn(table: Table, name: string): boolean {
  return table.columns.some((column) => column.name === name)
}

/** Foreign keys of a partitioned table stand at its root. */
function ancestorsOf(table: Table, tables: readonly Table[]): readonly string[] {
  if (!table.isPartition) return []
  return table.parents.flatMap((parent) => {
    const found = tables.find((t) => tableKey(t) === tableKey(parent))
    return found === undefined ? [] : [tableKey(found), ...ancestorsOf(found, tables)]
  })
}
