import { stringify } from 'yaml'
import type { Column, Table } from '../domain/catalog.js'
import { tableKey, tableNamed } from '../domain/catalog.js'
import { primaryKeyOf } from '../domain/table-facts.js'
import type { ColumnRule, SecretRule } from '../domain/dictionary.js'
import type { RuleDocument } from '../domain/documents.js'
import { isOwned } from '../domain/ownership.js'
import type { Alternative, Unit, UnitId } from '../domain/ownership.js'
import { ruleDocuments } from '../domain/ownership-path.js'
import { standingFor } from '../domain/standing.js'
import { indexFor } from '../checks/key-index.js'
import type { Tenancy } from '../domain/tenancy.js'
import { candidates, schemasInScope } from '../domain/units.js'
import { parseKeyReference } from '../config/key-reference.js'
import { strategyOf } from './discover.js'
import type { ClassifiedCell } from './discover.js'

export interface DictionaryContext {
  readonly tenancy: Tenancy
  /** Where a table that says nothing of it is looked for. */
  readonly mainDatabase: string
  readonly tableOf: (id: UnitId) => Table | undefined
  readonly rootName: string
  /** False where organizations are known by another column than their primary key. */
  readonly isRootKeyPrimary: boolean
  readonly ruleOf: (unit: Unit) => RuleDocument | null
}

export function dictionaryContext({ catalogs, units }: ClassifiedCell, tenancy: Tenancy, mainDatabase: string): DictionaryContext {
  const root = units.find((unit) => unit.class === 'root')
  return {
    tenancy,
    mainDatabase,
    tableOf: (id) => tableNamed(catalogs.get(id.database), id),
    rootName: root === undefined ? nameOfUnseenRoot(tenancy, catalogs) : tableReference(root, tenancy),
    isRootKeyPrimary: root === undefined || primaryKeyOf(root.table).join('\0') === tenancy.rootKey,
    ruleOf: ruleDocuments(units, standingFor(units, catalogs)),
  }
}

const MEGABYTE = 1024 * 1024
const GIGABYTE = 1024 * MEGABYTE

/**
 * The dictionary file of one table, for a person to review: the rule that was found, and in comments what it rests on. `copies`
 * is the same table in each database where it holds rows of its own. Loaded again it classifies the table as it is now. Null where the
 * format cannot say it (a name with a comma or bracket in a key).
 */
export function dictionaryFile(copies: readonly [Unit, ...(readonly Unit[])], context: DictionaryContext): string | null {
  const [unit] = copies
  const key = shardingKey(unit, context)
  if (key === null) return null
  const databases = copies.map((copy) => copy.id.database)
  const move = { ...(databases.join() === context.mainDatabase ? {} : { database: databases.length === 1 ? databases[0] : databases }), ...declarations(unit, context.tenancy) }
  const body = {
    table_name: tableReference(unit, context.tenancy),
    ...(Object.keys(key).length > 0 ? { sharding_key: key } : {}),
    table_size: sizeClass(unit.table.bytes),
    ...(Object.keys(move).length > 0 ? { move } : {}),
  }
  const comments = unit.class === 'unclassified' ? choices(unit.reason) : reasons(unit, context)
  return `---\n${comments.map((line) => `# ${line.replaceAll(/\s+$|[\r\n]+/g, ' ').trimEnd()}\n`).join('')}${stringify(body, { lineWidth: 0, aliasDuplicateObjects: false })}`
}

/** Of a name as short as it can be read again. */
function tableReference({ id }: Pick<Unit, 'id'>, tenancy: Tenancy): string {
  const [meant] = candidates(id.name, schemasInScope(tenancy))
  return !id.name.includes('.') && meant === tableKey(id) ? id.name : tableKey(id)
}

function shardingKey(unit: Unit, context: DictionaryContext): Readonly<Record<string, string>> | null {
  const alternatives = isOwned(unit) && unit.ownership.kind === 'keys' ? unit.ownership.alternatives : []
  const entries = alternatives.map((alternative) => keyEntry(alternative, context))
  const known = entries.filter((entry) => entry !== null)
  // two keys over the same columns cannot both be written down
  return known.length < entries.length || new Set(known.map(([columns]) => columns)).size < known.length ? null : Object.fromEntries(known)
}

function keyEntry(alternative: Alternative, context: DictionaryContext): readonly [string, string] | null {
  const { tenancy, rootName } = context
  const columns = columnsOf(alternative)
  const parent = alternative.kind === 'direct' ? undefined : context.tableOf(alternative.parent)
  const name = alternative.kind === 'direct' ? rootName : tableReference({ id: alternative.parent }, tenancy)
  const referenced = alternative.kind === 'direct' ? null : alternative.parentColumns
  const isPrimary = parent === undefined ? context.isRootKeyPrimary : primaryKeyOf(parent).join('\0') === referenced?.join('\0')
  const parentColumns = referenced ?? [tenancy.rootKey]
  const entry = [columns.join(', '), isPrimary ? name : `${name}(${parentColumns.join(', ')})`] as const
  const read = parseKeyReference(...entry)
  const isRead = typeof read !== 'string' && read.table === name && read.columns.join('\0') === columns.join('\0') && (isPrimary ? read.referencedColumns === null : read.referencedColumns?.join('\0') === parentColumns.join('\0'))
  return isRead ? entry : null
}

/** What the organizations are called where they have no table: as the declarations do, else as everybody does. */
function nameOfUnseenRoot(tenancy: Tenancy, catalogs: ClassifiedCell['catalogs']): string {
  const known = new Set([...catalogs.values()].flatMap(({ tables }) => tables.map(tableKey)))
  const declared = tenancy.entries.flatMap((entry) => entry.shardingKey).find((key) => candidates(key.table, tenancy.schemas).every((name) => !known.has(name)))
  return declared?.table ?? 'organizations'
}

/** Everything that was declared, under `move:`. */
function declarations(unit: Unit, tenancy: Tenancy): Readonly<Record<string, unknown>> {
  const { declared } = unit
  const strategy = strategyOf(unit)
  const where = isOwned(unit) && unit.ownership.kind === 'query' ? unit.ownership.where : declared.where
  const columns = Object.entries(declared.columns).map(([column, rule]) => [column, rawRule(rule)])
  return {
    ...(strategy === null ? {} : { exempt: strategy }),
    ...(declared.unowned === tenancy.unowned ? {} : { unowned: declared.unowned }),
    ...(declared.matchBy === null ? {} : { match_by: declared.matchBy }),
    ...(declared.insertMissing ? { insert_missing: true } : {}),
    ...(where === null ? {} : { where }),
    ...(declared.differBy.length === 0 ? {} : { differ_by: declared.differBy }),
    ...(declared.purge === null ? {} : { purge: declared.purge }),
    ...(declared.inbound === null ? {} : { inbound: declared.inbound }),
    ...(columns.length === 0 ? {} : { columns: Object.fromEntries(columns) as Record<string, unknown> }),
  }
}

function rawRule(rule: ColumnRule): unknown {
  if (rule.kind === 'lookup') return { lookup: rule.table }
  if (rule.kind === 'map') return { map: rule.map }
  if (rule.kind === 'set') return { set: rule.value }
  const secrets = rule.secrets.map(rawSecret)
  return { secret: secrets.length === 1 ? secrets[0] : secrets }
}

function rawSecret({ codec, key, path, when, clear, options }: SecretRule): unknown {
  return { codec, ...(key === '' ? {} : { key }), ...(path === null ? {} : { path }), ...(when === null ? {} : { when }), ...(clear === 'error' ? {} : { clear }), ...options }
}

/** GitLab's bounds. */
function sizeClass(bytes: number): string {
  if (bytes < 10 * GIGABYTE) return 'small'
  if (bytes < 50 * GIGABYTE) return 'medium'
  return bytes < 100 * GIGABYTE ? 'large' : 'over_limit'
}

function reasons(unit: Unit, { ruleOf }: DictionaryContext): readonly string[] {
  const origin = { inferred: 'Inferred from the catalog: review it.', dictionary: 'As the dictionary declares it.', config: 'As the configuration declares it.' }[unit.origin ?? 'inferred']
  const rule = ruleOf(unit)
  if (rule === null || !isOwned(unit) || unit.ownership.kind !== 'keys') return [origin]
  const keys = unit.ownership.alternatives.map(columnsOf)
  return [
    origin,
    `Path to the organization: ${rule.path.join('; ')}`,
    ...keys.map((columns) => indexNote(unit.table, columns)),
    ...keys.flatMap((columns) => nullNote(unit.table, columns)),
    ...unit.otherChains.map((chain) => `Also reaches an owner by ${describe(chain)}; prepare checks row by row that they agree.`),
  ]
}

function indexNote(table: Table, columns: readonly string[]): string {
  const index = indexFor(table, columns)
  const size = `${Math.ceil(table.bytes / MEGABYTE)} MB`
  return index === undefined ? `No index begins with ${columns.join(', ')}: reading an organization's rows scans the whole table (${size}).` : `Read by index ${index.name} (table: ${size}).`
}

function nullNote(table: Table, columns: readonly string[]): readonly string[] {
  const nullable = columns.filter((name) => table.columns.some((column: Column) => column.name === name && !column.notNull))
  return nullable.length === 0 ? [] : [`${nullable.join(', ')} may be NULL: rows without any owner stop a move until \`unowned: stay\` is declared.`]
}

/** Nothing is chosen: as long as no # is removed, the table stays unclassified. */
function choices(reason: string): readonly string[] {
  return [
    `UNCLASSIFIED: ${reason}.`,
    'A move stops at it until one of these is chosen. By a column that refers to an owner:',
    '  sharding_key:',
    '    project_id: projects',
    'or, where no column says whose a row is, what a move does with the table:',
    '  move:',
    '    exempt: skip      # the rows stay where they are',
    '    exempt: lookup    # both cells have it; rows are matched by match_by: [name]',
    '    exempt: shared    # rows that several organizations use: taken along where absent, compared where present',
    '    exempt: query     # with where: a predicate over alias t with :org',
  ]
}

function columnsOf(alternative: Alternative): readonly string[] {
  return alternative.kind === 'direct' ? [alternative.column] : alternative.columns
}

function describe(alternative: Alternative): string {
  const columns = columnsOf(alternative).join(', ')
  return alternative.kind === 'direct' ? columns : `${columns} -> ${tableKey(alternative.parent)} (${alternative.parentColumns.join(', ')})`
}
