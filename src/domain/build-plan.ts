import { childrenOf, tableKey } from './catalog.js'
import type { Catalog, Column, ForeignKey, Table, TableName } from './catalog.js'
import { comparedUnder } from './collations.js'
import { buildKeySets } from './key-sets.js'
import type { InboundReference, LookupTable, MovePlan, OwnedTable, ParentPart, PlanColumn, ProjectionRule, Reference, SharedTable, TableShape } from './move-plan.js'
import { isExempt, isOwned, unitKey } from './ownership.js'
import type { ExemptUnit, Unit, UnitId } from './ownership.js'
import { ancestorsOf, standingFor } from './standing.js'
import type { Standing } from './standing.js'
import type { Catalogs } from './units.js'

export interface PlanInput {
  readonly org: string
  readonly source: string
  readonly target: string
  readonly catalogs: Catalogs
  readonly units: readonly Unit[]
}

/** Turns a classification into the plan of one move. Pure. Unclassified tables are left out: their findings stop the move. */
export function buildPlan(input: PlanInput): MovePlan {
  return new PlanBuilder(input).build()
}

/** The primary key, else the narrowest unique index that names every row: NOT NULL, whole, checked at once. */
export function identityOf(table: Table): readonly string[] | null {
  const notNull = new Set(table.columns.filter((column) => column.notNull).map((column) => column.name))
  const fitting = table.indexes.filter(
    (index) => index.isUnique && index.isValid && index.isImmediate && index.predicate === null && index.columns.length > 0 && index.columns.every((column) => column !== null && notNull.has(column)),
  )
  const best = fitting.find((index) => index.isPrimary) ?? fitting.sort((a, b) => a.columns.length - b.columns.length || (a.name < b.name ? -1 : 1))[0]
  return best === undefined ? null : best.columns.filter((column) => column !== null)
}

type LookupRule = Extract<ProjectionRule, { kind: 'lookup' }>

function isLookup({ parents }: Reference): boolean {
  return parents.some(({ fate }) => fate === 'lookup')
}

class PlanBuilder {
  readonly #input: PlanInput
  readonly #units = new Map<string, Unit>()
  readonly #lookups = new Map<string, { readonly no: number; readonly unit: ExemptUnit; readonly referenced: string[][] }>()
  readonly #numbers = new Map<string, number>()
  readonly #indexes = new Map<string, CatalogIndex>()
  readonly #standing: Standing

  constructor(input: PlanInput) {
    this.#input = input
    this.#standing = standingFor(input.units, input.catalogs)
    for (const unit of input.units) this.#units.set(unitKey(unit.id), unit)
    const moving = input.units.filter((unit) => isOwned(unit) || isExempt(unit, 'shared') || isExempt(unit, 'lookup'))
    for (const [index, unit] of moving.entries()) {
      this.#numbers.set(unitKey(unit.id), index + 1)
      if (isExempt(unit, 'lookup')) this.#lookups.set(unitKey(unit.id), { no: index + 1, unit, referenced: [] })
    }
  }

  build(): MovePlan {
    const { org, source, target, units, catalogs } = this.#input
    const owned = units.filter(isOwned).map((unit): OwnedTable => ({
      ...this.#shape(unit),
      class: unit.class,
      ownership: unit.ownership,
      otherChains: unit.otherChains,
      unowned: unit.declared.unowned,
      differBy: unit.declared.differBy,
      inboundStays: unit.declared.inbound === 'stay',
      bytesEstimate: unit.table.bytes,
      binary: false,
      ...(isUnlogged(catalogs.get(unit.id.database), unit.table) && { unlogged: true }),
    }))
    const shared = units
      .filter((unit) => isExempt(unit, 'shared'))
      .map((unit): SharedTable => ({ ...this.#shape(unit), where: unit.declared.where, differBy: unit.declared.differBy, purge: unit.declared.purge }))
    const lookups = [...this.#lookups.values()].map(({ unit, referenced }): LookupTable => ({
      ...this.#shape(unit),
      matchBy: unit.declared.matchBy ?? [],
      insertMissing: unit.declared.insertMissing,
      referenced,
    }))
    return {
      org,
      source,
      target,
      databases: [...catalogs.keys()],
      keySets: buildKeySets(units.filter(isOwned), this.#standing),
      owned,
      shared,
      lookups,
      skipped: units.filter((unit) => isExempt(unit, 'skip')).map((unit) => unit.id),
    }
  }

  #shape(unit: Unit): TableShape {
    const references = this.#references(unit)
    return {
      no: this.#numbers.get(unitKey(unit.id)) ?? 0,
      id: unit.id,
      partitioned: unit.table.kind === 'partitioned',
      columns: withGeneratedRules(unit.table, unit.table.columns.map((column) => this.#column(unit, column, references))),
      identity: identityOf(unit.table),
      references,
      inbound: this.#inbound(unit),
    }
  }

  #column(unit: Unit, column: Column, references: readonly Reference[]): PlanColumn {
    return {
      name: column.name,
      type: column.type,
      castType: castTypeOf(column),
      equality: column.equalitySchema ?? 'pg_catalog',
      collation: column.collation,
      deterministic: column.deterministic,
      generated: column.generated !== null,
      notNull: column.notNull,
      rule: this.#rule(unit, column, references),
      secrets: secretsOf(unit, column.name),
      fromSecret: column.generated !== null && unit.table.columns.some(({ name }) => secretsOf(unit, name).length > 0 && mentions(column.generated ?? '', name)),
    }
  }

  #rule(unit: Unit, column: Column, references: readonly Reference[]): ProjectionRule | null {
    const declared = unit.declared.columns[column.name]
    if (declared?.kind === 'map') return { kind: 'map', map: declared.map }
    if (declared?.kind === 'set') return { kind: 'set', value: declared.value }
    if (declared?.kind === 'lookup') {
      const entry = this.#lookupNamed(declared.table, unit.id.database)
      const key = entry === null ? null : identityOf(entry.unit.table)
      if (entry !== null && key?.length === 1) return this.#lookupRule([entry], { columns: [column.name], referenced: key, position: 0, collations: this.#collations({ child: [unit.id, [column.name]], parent: [entry.unit.id, key], looked: 'parent' }), orItself: false })
    }
    const reference = references.find((r) => isLookup(r) && r.columns.includes(column.name))
    const entries = (reference?.parents ?? []).flatMap(({ id }) => this.#lookups.get(unitKey(id)) ?? [])
    // a lookup table's reference to itself is remapped when its missing rows are inserted, as any other
    if (reference === undefined || entries.length === 0) return null
    return this.#lookupRule(entries, { columns: reference.columns, referenced: reference.parentColumns, position: reference.columns.indexOf(column.name), collations: reference.collations, orItself: entries.length < reference.parents.length })
  }

  #lookupRule(entries: readonly { readonly no: number; readonly referenced: string[][] }[], rule: Omit<LookupRule, 'kind' | 'lookups'>): LookupRule {
    for (const entry of entries) if (!entry.referenced.some((known) => known.join('\0') === rule.referenced.join('\0'))) entry.referenced.push([...rule.referenced])
    return { kind: 'lookup', lookups: entries.map(({ no }) => no), ...rule }
  }

  #lookupNamed(name: string, database: string): { readonly no: number; readonly unit: ExemptUnit; readonly referenced: string[][] } | null {
    const all = [...this.#lookups.values()].filter(({ unit }) => tableKey(unit.id) === name || unit.id.name === name)
    return all.find(({ unit }) => unit.id.database === database) ?? all[0] ?? null
  }

  #references(unit: Unit): readonly Reference[] {
    const references = this.#foreignKeysOf(unit).map((key): Reference => {
      const parent = { database: unit.id.database, ...key.references }
      return { constraint: key.name, columns: key.columns, parent, parentColumns: key.referencedColumns, collations: this.#collations({ child: [unit.id, key.columns], parent: [parent, key.referencedColumns], looked: 'parent' }), parents: this.#parts(parent) }
    })
    // a key declared without a foreign key is a reference all the same: its parent must be on the target
    const logical = isOwned(unit) && unit.ownership.kind === 'keys' ? unit.ownership.alternatives : []
    for (const alternative of logical) {
      if (alternative.kind !== 'via') continue
      const known = references.some((r) => unitKey(r.parent) === unitKey(alternative.parent) && r.columns.join('\0') === alternative.columns.join('\0'))
      if (known) continue
      const { columns, parent, parentColumns } = alternative
      references.push({ constraint: null, columns, parent, parentColumns, collations: this.#collations({ child: [unit.id, columns], parent: [parent, parentColumns], looked: 'parent' }), parents: this.#parts(parent) })
    }
    return [...references, ...this.#declaredLookups(unit, references)]
  }

  /** A column that is remapped by declaration, without a foreign key, refers all the same: every value of it must have a counterpart. */
  #declaredLookups(unit: Unit, known: readonly Reference[]): readonly Reference[] {
    return Object.entries(unit.declared.columns).flatMap(([column, rule]): Reference[] => {
      const entry = rule.kind === 'lookup' ? this.#lookupNamed(rule.table, unit.id.database) : null
      const key = entry === null ? null : identityOf(entry.unit.table)
      if (entry === null || key?.length !== 1 || known.some((r) => isLookup(r) && r.columns.includes(column))) return []
      return [{ constraint: null, columns: [column], parent: entry.unit.id, parentColumns: key, collations: this.#collations({ child: [unit.id, [column]], parent: [entry.unit.id, key], looked: 'parent' }), parents: [{ id: entry.unit.id, fate: 'lookup' }] }]
    })
  }

  #parts(parent: UnitId): readonly ParentPart[] {
    const parts = this.#standing(parent).map((id): ParentPart => ({ id, fate: this.#fate(id) }))
    return parts.length > 0 ? parts : [{ id: parent, fate: 'stays' }]
  }

  #fate(id: UnitId): ParentPart['fate'] {
    const unit = this.#units.get(unitKey(id))
    if (unit === undefined) return 'stays'
    if (isOwned(unit)) return 'owned'
    if (isExempt(unit, 'shared')) return 'shared'
    return isExempt(unit, 'lookup') ? 'lookup' : 'stays'
  }

  #inbound(unit: Unit): readonly InboundReference[] {
    const { database } = unit.id
    return this.#keysTo(unit).flatMap((key) => {
      const from = { database, schema: key.table.schema, name: key.table.name }
      const standing = this.#standing(from)
      // a table that is not classified refers all the same; a leaf does with its own rows, whose they are its root says
      const isPart = standing.some((id) => this.#isBelow(tableKey(from), id))
      return (standing.length > 0 && !isPart ? standing : [from]).map((id) => {
        const child = this.#units.get(unitKey(isPart ? (standing[0] ?? id) : id))
        const no = child !== undefined && isOwned(child) ? (this.#numbers.get(unitKey(child.id)) ?? null) : null
        return { constraint: key.name, table: { schema: id.schema, name: id.name }, columns: key.columns, referencedColumns: key.referencedColumns, collations: this.#collations({ child: [id, key.columns], parent: [unit.id, key.referencedColumns], looked: 'child' }), child: no }
      })
    })
  }

  /** Foreign keys to the table, to one that it is a leaf of, or to one of its leaves. */
  #keysTo(unit: Unit): readonly ForeignKey[] {
    const { to } = this.#index(unit.id)
    const above = [unit.id, ...ancestorsOf(this.#input.catalogs.get(unit.id.database), unit.table)].flatMap((name) => to.get(tableKey(name)) ?? [])
    if (unit.table.kind !== 'partitioned') return above
    const leaves = [...to.keys()].filter((name) => this.#isBelow(name, unit.id))
    return [...above, ...leaves.flatMap((name) => to.get(name) ?? [])]
  }

  #isBelow(name: string, id: UnitId): boolean {
    const table = this.#index(id).tables.get(name)
    return table !== undefined && ancestorsOf(this.#input.catalogs.get(id.database), table).some((above) => tableKey(above) === tableKey(id))
  }

  /** By column, what to compare a reference under; the side that is looked up has the index. */
  #collations({ child, parent, looked }: Readonly<Record<'child' | 'parent', readonly [UnitId, readonly string[]]>> & { readonly looked: 'child' | 'parent' }): readonly (string | null)[] {
    const columnsOf = ([id, names]: readonly [UnitId, readonly string[]]): readonly (Column | undefined)[] => names.map((name) => this.#index(id).tables.get(tableKey(id))?.columns.find((column) => column.name === name))
    const parents = columnsOf(parent)
    return columnsOf(child).map((column, n) => {
      const key = parents[n]
      return column === undefined || key === undefined ? null : comparedUnder(column, key, looked === 'child' ? column : key)
    })
  }

  /** Foreign keys of the table and, for a leaf that stands for itself, those declared above it. */
  #foreignKeysOf(unit: Unit): readonly ForeignKey[] {
    const { from } = this.#index(unit.id)
    return [unit.id, ...ancestorsOf(this.#input.catalogs.get(unit.id.database), unit.table)].flatMap((name) => from.get(tableKey(name)) ?? [])
  }

  #index({ database }: UnitId): CatalogIndex {
    const known = this.#indexes.get(database)
    if (known !== undefined) return known
    const index = indexOf(this.#input.catalogs.get(database))
    this.#indexes.set(database, index)
    return index
  }
}

/** What is looked up for every table: with ten thousand of them a search each time took a minute. */
interface CatalogIndex {
  readonly tables: ReadonlyMap<string, Table>
  /** Foreign keys by the table that has them, and by the one that they lead to. */
  readonly from: ReadonlyMap<string, readonly ForeignKey[]>
  readonly to: ReadonlyMap<string, readonly ForeignKey[]>
}

function indexOf(catalog: Catalog | undefined): CatalogIndex {
  const [from, to] = [new Map<string, ForeignKey[]>(), new Map<string, ForeignKey[]>()]
  const add = (map: Map<string, ForeignKey[]>, table: TableName, key: ForeignKey): void => {
    const known = map.get(tableKey(table))
    if (known === undefined) map.set(tableKey(table), [key])
    else known.push(key)
  }
  for (const key of catalog?.foreignKeys ?? []) {
    add(from, key.table, key)
    add(to, key.references, key)
  }
  return { tables: new Map((catalog?.tables ?? []).map((table) => [tableKey(table), table])), from, to }
}

function secretsOf(unit: Unit, column: string): PlanColumn['secrets'] {
  const rule = unit.declared.columns[column]
  return rule?.kind === 'secret' ? rule.secrets : []
}

function isUnlogged(catalog: Catalog | undefined, table: Table): boolean {
  return table.persistence === 'unlogged' || (catalog !== undefined && childrenOf(catalog, table).some((child) => isUnlogged(catalog, child)))
}

/** Whether an expression, as PostgreSQL prints it, names the column: quoted where it must be. Text that only looks like it counts as well. */
function mentions(expression: string, name: string): boolean {
  return expression.includes(`"${name.replaceAll('"', '""')}"`) || expression.split(/[^\w$\u0080-\uFFFF]+/).includes(name)
}

/** What is generated comes out of the values that arrive, not of those on the source. */
function withGeneratedRules(table: Table, columns: readonly PlanColumn[]): readonly PlanColumn[] {
  if (columns.every(({ rule }) => rule === null)) return columns
  const expressions = new Map(table.columns.map(({ name, generated }) => [name, generated]))
  return columns.map((column) => {
    const expression = expressions.get(column.name) ?? null
    return expression === null ? column : { ...column, rule: { kind: 'generated', expression } }
  })
}

/** An integer literal is a bigint: a wider value than the column's then finds no row instead of failing. */
function castTypeOf({ typeName }: Column): TableName {
  return typeName.schema === 'pg_catalog' && /^int[248]$/.test(typeName.name) ? { schema: 'pg_catalog', name: 'int8' } : typeName
}
