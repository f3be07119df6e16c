import { tableKey } from './catalog.js'
import type { ForeignKey } from './catalog.js'
import { declarationsOf, strategyOf } from './declared.js'
import { DeclaredRules } from './declared-rules.js'
import { finding } from './finding.js'
import type { Finding } from './finding.js'
import { KeyColumns } from './key-columns.js'
import { unitKey } from './ownership.js'
import type { Alternative, Unit, UnitId } from './ownership.js'
import { ReferenceGraph } from './reference-graph.js'
import { hasColumn } from './table-facts.js'
import type { Tenancy } from './tenancy.js'
import { draftUnits } from './units.js'
import type { Catalogs, DraftUnit } from './units.js'

export interface Classification {
  readonly units: readonly Unit[]
  readonly findings: readonly Finding[]
}

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
  readonly #tenancy: Tenancy
  readonly #drafts: readonly DraftUnit[]
  readonly #graph: ReferenceGraph
  readonly #findings: Finding[]
  readonly #decided = new Map<string, Decided>()
  /** Steps to the organization by the shortest way; only what has such a way is in here. */
  readonly #depth = new Map<string, number>()
  readonly #followed = new Set<string>()
  readonly #exempt = new Set<string>()
  readonly #broken = new Map<string, string>()

  constructor(catalogs: Catalogs, tenancy: Tenancy) {
    this.#tenancy = tenancy
    const { units, findings } = draftUnits(catalogs, tenancy)
    this.#drafts = units
    this.#findings = [...findings]
    this.#graph = new ReferenceGraph(catalogs, tenancy, units)
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
    const drafts = this.#graph.named(root)
    if (drafts.length === 0) this.#problem(null, `the root table ${tableKey(root)} does not exist`, 'correct tenancy.root (null where a schema has no table of organizations)')
    for (const draft of drafts) {
      if (!hasColumn(draft.table, rootKey)) this.#problem(draft.id, `the root table has no column ${rootKey}`, 'correct tenancy.root_key')
      else this.#decided.set(unitKey(draft.id), { alternatives: [{ kind: 'direct', column: rootKey }], origin: 'config', otherChains: [] })
    }
  }

  #decideDeclared(): void {
    const rules = new DeclaredRules(this.#graph, this.#tenancy, this.#drafts)
    for (const draft of this.#drafts) {
      const key = unitKey(draft.id)
      if (this.#decided.has(key)) continue
      const strategy = strategyOf(draft, this.#tenancy)
      if (strategy !== null) {
        this.#exempt.add(key)
        if (strategy === 'query') this.#decideQuery(draft)
        continue
      }
      const { alternatives, misfits } = rules.of(draft)
      for (const { message, hint } of misfits) this.#problem(draft.id, message, hint)
      if (misfits.length > 0) this.#broken.set(key, `the rule in ${draft.entry?.place ?? ''} does not hold against the catalog`)
      else if (alternatives.length > 0) this.#decided.set(key, { alternatives, origin: draft.entry?.origin ?? 'config', otherChains: [] })
    }
  }

  #decideQuery(draft: DraftUnit): void {
    if (draft.entry?.where != null) return
    this.#problem(draft.id, `${draft.entry?.place ?? ''}: exempt: query needs a where`, 'declare `where: "… :org …"` over alias t')
    this.#broken.set(unitKey(draft.id), 'it is declared query without a where')
  }

  #decideKeyColumns(): void {
    const rules = new KeyColumns(this.#graph, this.#tenancy, this.#drafts)
    for (const draft of this.#drafts) {
      if (this.#isSettled(draft)) continue
      const columns = this.#tenancy.shardingKey.filter((column) => hasColumn(draft.table, column))
      const found = columns.flatMap((column) => rules.of(draft, column) ?? [])
      const alternatives = found.filter((rule) => typeof rule !== 'string')
      const misfit = found.find((rule) => typeof rule === 'string')
      if (misfit !== undefined) this.#broken.set(unitKey(draft.id), misfit)
      else if (alternatives.length > 0) this.#decided.set(unitKey(draft.id), { alternatives, origin: 'inferred', otherChains: [] })
    }
  }

  /**
   * Breadth first from the organization, declared rules and foreign keys together, so that the first chain found is a shortest one
   * and nothing rests on a parent that itself never gets there.
   */
  #followForeignKeys(): void {
    for (const draft of this.#drafts) if (this.#graph.isRoot(draft.id) && this.#decided.has(unitKey(draft.id))) this.#depth.set(unitKey(draft.id), 0)
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
    for (const key of this.#graph.outwardKeysOf(draft)) {
      if (!key.columns.every((column) => notNull.has(column))) continue
      const parent = this.#graph.parentOf(key, draft.id.database)
      if (parent !== null && isOwner(parent.id)) chains.push(this.#graph.follow(draft, key.columns, parent, key.referencedColumns))
    }
    return chains
  }

  #isAnyReached(parent: UnitId): boolean {
    return this.#graph.standing(parent).some((id) => this.#depth.has(unitKey(id)))
  }

  /** Rows of the table, or of a leaf that stands for it, have owners. */
  #hasOwner(parent: UnitId): boolean {
    return this.#graph.standing(parent).some((id) => this.#decided.has(unitKey(id)) || this.#isQuery(id))
  }

  #isSettled(draft: DraftUnit): boolean {
    const key = unitKey(draft.id)
    return this.#decided.has(key) || this.#exempt.has(key) || this.#broken.has(key)
  }

  #isQuery(id: UnitId): boolean {
    const draft = this.#graph.named(id).find((d) => unitKey(d.id) === unitKey(id))
    return draft !== undefined && this.#exempt.has(unitKey(id)) && strategyOf(draft, this.#tenancy) === 'query' && draft.entry?.where != null
  }

  #unit(draft: DraftUnit): Unit {
    const key = unitKey(draft.id)
    const base = { id: draft.id, table: draft.table, declared: declarationsOf(draft, this.#tenancy) }
    const decided = this.#decided.get(key)
    if (decided !== undefined) {
      return { ...base, class: this.#graph.isRoot(draft.id) ? 'root' : 'sharded', origin: decided.origin, ownership: { kind: 'keys', alternatives: decided.alternatives }, otherChains: decided.otherChains }
    }
    const strategy = strategyOf(draft, this.#tenancy)
    const origin = draft.entry?.origin ?? 'config'
    if (strategy === 'query' && draft.entry?.where != null) return { ...base, class: 'exempt', origin, ownership: { kind: 'query', where: draft.entry.where }, otherChains: [] }
    if (strategy !== null && strategy !== 'query') return { ...base, class: 'exempt', origin, strategy }
    return { ...base, class: 'unclassified', origin: null, reason: this.#broken.get(key) ?? this.#whyUnclassified(draft) }
  }

  #whyUnclassified(draft: DraftUnit): string {
    const keys = this.#graph.outwardKeysOf(draft)
    if (keys.length === 0) return 'it has neither a key column nor a foreign key'
    const toOwned = keys.filter((key) => {
      const parent = this.#graph.parentOf(key, draft.id.database)
      return parent !== null && this.#hasOwner(parent.id)
    })
    const toPartition = toOwned.length > 0 ? undefined : keys.map((key) => this.#graph.toOnePartition(draft, key)).find((reason) => reason !== null)
    if (toPartition !== undefined) return toPartition
    if (toOwned.length === 0) return `it has no key column, and none of its foreign keys leads to a table that has an owner (${told(keys)})`
    return `it has no key column, and only foreign keys that may be NULL lead to an owner (${told(toOwned)}); such a key never decides alone`
  }

  #problem(id: UnitId | null, message: string, hint: string): void {
    this.#findings.push(finding('OM2102', 'error', id === null ? {} : { database: id.database, schema: id.schema, table: id.name }, { message, hint }))
  }
}

function told(keys: readonly ForeignKey[]): string {
  return keys.map((key) => `${key.columns.join(', ')} -> ${tableKey(key.references)}`).join('; ')
}
