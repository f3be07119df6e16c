import { identityOf } from '../domain/build-plan.js'
import { tableKey } from '../domain/catalog.js'
import type { ColumnRule } from '../domain/dictionary.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { isExempt, isOwned } from '../domain/ownership.js'
import type { ExemptUnit, Unit } from '../domain/ownership.js'
import { candidates, schemasInScope } from '../domain/units.js'
import { placeOf } from './lint-keys.js'
import type { LintInput } from './lint-keys.js'

/** Tables that no entry speaks of, where a dictionary is meant to speak of all. A partition is covered by its root's entry. */
export function lintCoverage({ cell, catalogs, tenancy, units }: LintInput): readonly Finding[] {
  if (!tenancy.hasDictionary) return []
  const known = new Set([...catalogs.values()].flatMap((catalog) => catalog.tables.map(tableKey)))
  const described = new Set(tenancy.entries.map((entry) => candidates(entry.table, schemasInScope(tenancy)).find((name) => known.has(name))))
  return units
    .filter((unit) => !described.has(tableKey(unit.id)) && !unit.table.isPartition && unit.class !== 'root')
    .map((unit) =>
      finding('OM2125', 'error', placeOf(cell, unit), {
        message: `no entry of the dictionary describes ${tableKey(unit.id)}${unit.class === 'unclassified' ? '' : `; it is taken for ${unit.class} from the catalog alone`}`,
        hint: 'add a file for it; `org-mover discover --write DIR` writes one to begin with',
      }),
    )
}

/** Lookup tables: the natural key must be there and be one. */
export function lintLookups({ cell, units }: LintInput): readonly Finding[] {
  return units.flatMap((unit) => (isExempt(unit, 'lookup') ? lintLookup(cell, unit) : []))
}

function lintLookup(cell: string, unit: ExemptUnit): readonly Finding[] {
  const { matchBy } = unit.declared
  const place = placeOf(cell, unit)
  if (matchBy === null) return [finding('OM2112', 'error', place, { message: `${declaredIn(unit)}lookup table ${tableKey(unit.id)} declares no match_by`, hint: 'declare the natural key: match_by: [name]' })]
  const unknown = matchBy.filter((name) => !hasColumn(unit, name))
  if (unknown.length > 0) return [wrong(cell, unit, `match_by names ${unknown.join(', ')}, which it does not have`)]
  const isUnique = unit.table.indexes.some((index) => index.isUnique && index.isValid && index.predicate === null && index.columns.every((column) => column !== null && matchBy.includes(column)))
  if (isUnique) return []
  return [finding('OM2112', 'warning', place, { message: `no unique index of ${tableKey(unit.id)} makes ${matchBy.join(', ')} a key: two rows that match would stop a move`, hint: 'add a unique index, or match by other columns' })]
}

/** Column rules and `differ_by`, held against the columns. */
export function lintColumns(input: LintInput): readonly Finding[] {
  return input.units.flatMap((unit) => [
    ...Object.entries(unit.declared.columns).flatMap(([name, rule]) => (hasColumn(unit, name) ? lintRule(input, unit, name, rule) : [wrong(input.cell, unit, `columns names ${name}, which it does not have`)])),
    ...unit.declared.differBy.filter((name) => !hasColumn(unit, name)).map((name) => wrong(input.cell, unit, `differ_by names ${name}, which it does not have`)),
  ])
}

function lintRule({ cell, units }: LintInput, unit: Unit, name: string, rule: ColumnRule): readonly Finding[] {
  if (rule.kind === 'set' && rule.value === null && unit.table.columns.some((column) => column.name === name && column.notNull)) return [wrong(cell, unit, `columns sets ${name} to NULL, which it may not be`)]
  const column = unit.table.columns.find((one) => one.name === name)
  const cut = column === undefined ? [] : valuesOf(rule).filter((value) => isCut(column.type, value))
  if (cut.length > 0) return [wrong(cell, unit, `columns gives ${name} a value that is longer than its type holds: ${cut.map((value) => JSON.stringify(value)).join(', ')} would be cut to ${column?.type ?? ''}`)]
  if (rule.kind !== 'lookup') return []
  const named = units.filter((other) => tableKey(other.id) === rule.table || other.id.name === rule.table)
  const lookup = named.find((other) => isExempt(other, 'lookup'))
  if (lookup === undefined) return [wrong(cell, unit, `columns remaps ${name} through ${rule.table}, which is ${named.length === 0 ? 'no table of the cell' : 'not declared lookup'}`)]
  const key = identityOf(lookup.table)
  return key?.length === 1 ? [] : [wrong(cell, unit, `columns remaps ${name} through ${rule.table}, whose key is ${key === null ? 'missing' : 'not a single column'}`)]
}

/** What a rule puts in a column. */
function valuesOf(rule: ColumnRule): readonly string[] {
  const values = rule.kind === 'set' ? [rule.value] : rule.kind === 'map' ? Object.values(rule.map) : []
  return values.filter((value) => value !== null)
}

/** A cast to a type with a length cuts in silence what is longer, blanks at the end apart, which nobody misses. */
function isCut(type: string, value: string): boolean {
  const [, length] = /^(?:character varying|character|bit varying|bit)\((\d+)\)$/.exec(type) ?? []
  return length !== undefined && [...value.replace(/ +$/, '')].length > Number(length)
}

/** Every piece of declared SQL about a table, with what it is called. */
export function declaredSqlOf(unit: Unit): readonly { readonly what: string; readonly sql: string }[] {
  const where = isOwned(unit) && unit.ownership.kind === 'query' ? unit.ownership.where : unit.declared.where
  const rules = Object.entries(unit.declared.columns)
  return [
    ...(where === null ? [] : [{ what: 'where', sql: where }]),
    ...rules.flatMap(([column, rule]) => (rule.kind === 'secret' ? rule.secrets.flatMap(({ when }) => (when === null ? [] : [{ what: `when of column ${column}`, sql: when }])) : [])),
  ]
}

/** `dictionary/notes.yml:3: ` */
export function declaredIn({ declared }: Unit): string {
  return declared.place === null ? '' : `${declared.place}: `
}

function hasColumn(unit: Unit, name: string): boolean {
  return unit.table.columns.some((column) => column.name === name)
}

function wrong(cell: string, unit: Unit, what: string): Finding {
  return finding('OM2125', 'error', placeOf(cell, unit), { message: `${declaredIn(unit)}${tableKey(unit.id)}: ${what}`, hint: 'correct the entry of the table' })
}
