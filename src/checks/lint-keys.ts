import { tableKey } from '../domain/catalog.js'
import type { ForeignKey, Table, TableName } from '../domain/catalog.js'
import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace } from '../domain/finding.js'
import { isOwned, unitKey } from '../domain/ownership.js'
import type { Alternative, OwnedUnit, Unit } from '../domain/ownership.js'
import type { Tenancy } from '../domain/tenancy.js'
import type { Catalogs } from '../domain/units.js'
import { indexDdl, indexFor } from './key-index.js'

export interface LintInput {
  readonly cell: string
  readonly catalogs: Catalogs
  readonly tenancy: Tenancy
  readonly units: readonly Unit[]
}

/** What every key looks up; with ten thousand tables a search each time would take minutes. */
interface Lookup extends LintInput {
  readonly root: OwnedUnit['id'] | null
  readonly byId: ReadonlyMap<string, Unit>
  readonly foreignKeys: ReadonlyMap<string, readonly ForeignKey[]>
}

export interface KeyFindings {
  readonly references: readonly Finding[]
  readonly indexes: readonly Finding[]
  readonly nulls: readonly Finding[]
}

const MEGABYTE = 1024 * 1024

/** What the key columns of owned tables should have: a foreign key to the table declared, an index, and a value. */
export function lintKeys(lint: LintInput): KeyFindings {
  const input = lookupOf(lint)
  const owned = input.units.filter(isOwned).flatMap((unit) => (unit.ownership.kind === 'keys' && unit.class !== 'root' ? [{ unit, alternatives: unit.ownership.alternatives }] : []))
  return {
    references: owned.flatMap(({ unit, alternatives }) => alternatives.flatMap((alternative) => lintReference(input, unit, alternative))),
    indexes: owned.flatMap(({ unit, alternatives }) => alternatives.flatMap((alternative) => lintIndex(input, unit, columnsOf(alternative)))),
    nulls: owned.flatMap(({ unit, alternatives }) => lintNulls(input, unit, alternatives)),
  }
}

function lintReference(input: Lookup, unit: OwnedUnit, alternative: Alternative): readonly Finding[] {
  const parent = alternative.kind === 'via' ? alternative.parent : input.root
  // a reference into another database, or to organizations that have no table, cannot have one
  if (parent === null || parent.database !== unit.id.database) return []
  const columns = columnsOf(alternative)
  const keys = foreignKeysOf(input, unit, columns)
  const place = placeOf(input.cell, unit)
  const text = `${columns.join(', ')} of ${tableKey(unit.id)}`
  if (keys.length === 0) {
    return [finding('OM2125', 'warning', place, { message: `${text} refers to ${tableKey(parent)}, but no foreign key holds it to that`, hint: 'add a foreign key; without one rows can point at nothing, and would stay behind' })]
  }
  if (unit.origin === 'inferred' || keys.some((key) => leadsTo(input, unit.id.database, key.references, key.referencedColumns, parent))) return []
  const [key] = keys
  return [finding('OM2125', 'error', place, { message: `${unit.declared.place === null ? '' : `${unit.declared.place}: `}${text} is declared to refer to ${tableKey(parent)}, but its foreign key leads to ${key === undefined ? '?' : tableKey(key.references)}`, hint: 'correct the sharding_key' })]
}

function lookupOf(input: LintInput): Lookup {
  const foreignKeys = new Map<string, ForeignKey[]>()
  for (const [database, catalog] of input.catalogs) {
    for (const key of catalog.foreignKeys) {
      const from = unitKey({ database, ...key.table })
      const known = foreignKeys.get(from)
      if (known === undefined) foreignKeys.set(from, [key])
      else known.push(key)
    }
  }
  return { ...input, root: input.units.find((unit) => unit.class === 'root')?.id ?? null, byId: new Map(input.units.map((unit) => [unitKey(unit.id), unit])), foreignKeys }
}

function foreignKeysOf({ catalogs, foreignKeys }: Lookup, unit: OwnedUnit, columns: readonly string[]): readonly ForeignKey[] {
  const { database } = unit.id
  const names = [tableKey(unit.id), ...ancestorsOf(unit.table, catalogs.get(database)?.tables ?? [])]
  const wanted = [...columns].sort().join('\0')
  return names.flatMap((name) => foreignKeys.get(`${database}:${name}`) ?? []).filter((key) => [...key.columns].sort().join('\0') === wanted)
}

/** Foreign keys of a partition stand at its root. */
function ancestorsOf(table: Table, tables: readonly Table[]): readonly string[] {
  if (!table.isPartition) return []
  const parents = tables.filter((other) => table.parents.some((parent) => tableKey(parent) === tableKey(other)))
  return parents.flatMap((parent) => [tableKey(parent), ...ancestorsOf(parent, tables)])
}

/** To the parent, or to a table that shares its key (`project_settings.project_id`): the value is the same. */
function leadsTo(input: Lookup, database: string, table: TableName, columns: readonly string[], parent: TableName, seen: ReadonlySet<string> = new Set()): boolean {
  if (tableKey(table) === tableKey(parent)) return true
  if (seen.has(tableKey(table))) return false
  const unit = input.byId.get(unitKey({ database, ...table }))
  if (unit === undefined || !isOwned(unit) || unit.ownership.kind !== 'keys') return false
  return unit.ownership.alternatives.some((alternative) => {
    if (columnsOf(alternative).join('\0') !== columns.join('\0')) return false
    const next = alternative.kind === 'via' ? alternative.parent : input.root
    return next !== null && leadsTo(input, database, next, alternative.kind === 'via' ? alternative.parentColumns : [input.tenancy.rootKey], parent, new Set([...seen, tableKey(table)]))
  })
}

function lintIndex({ cell, catalogs }: LintInput, unit: OwnedUnit, columns: readonly string[]): readonly Finding[] {
  if (indexFor(unit.table, columns) !== undefined) return []
  return [
    finding('OM2118', 'warning', placeOf(cell, unit), {
      message: `no index of ${tableKey(unit.id)} begins with ${columns.join(', ')}: reading an organization's rows scans the whole table (${Math.ceil(unit.table.bytes / MEGABYTE)} MB)`,
      hint: indexDdl(catalogs.get(unit.id.database), unit.table, columns),
    }),
  ]
}

/** One of the keys must have a value in every row: by NOT NULL, or by a check that speaks of them. */
function lintNulls({ cell }: LintInput, unit: OwnedUnit, alternatives: readonly Alternative[]): readonly Finding[] {
  if (unit.declared.unowned === 'stay') return []
  const notNull = new Set(unit.table.columns.filter((column) => column.notNull).map((column) => column.name))
  if (alternatives.some((alternative) => columnsOf(alternative).every((name) => notNull.has(name)))) return []
  const names = [...new Set(alternatives.flatMap(columnsOf))]
  const isChecked = unit.table.checks.some(({ expression }) => /num_nonnulls|num_nulls|IS NOT NULL/.test(expression) && names.filter((name) => !notNull.has(name)).every((name) => mentions(expression, name)))
  if (isChecked) return []
  const check = names.length === 1 ? `${names.join('')} NOT NULL` : `CHECK (num_nonnulls(${names.join(', ')}) = 1)`
  return [finding('OM2125', 'warning', placeOf(cell, unit), { message: `${names.join(', ')} of ${tableKey(unit.id)} may all be NULL: such rows have no owner and stop a move`, hint: `add ${check}, or declare \`unowned: stay\`` })]
}

function mentions(expression: string, name: string): boolean {
  return expression.includes(`"${name.replaceAll('"', '""')}"`) || (/^\w+$/.test(name) && new RegExp(`\\b${name}\\b`).test(expression))
}

function columnsOf(alternative: Alternative): readonly string[] {
  return alternative.kind === 'direct' ? [alternative.column] : alternative.columns
}

export function placeOf(cell: string, { id }: Pick<Unit, 'id'>): FindingPlace {
  return { cell, database: id.database, schema: id.schema, table: id.name }
}
