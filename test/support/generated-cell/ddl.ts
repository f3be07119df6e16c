import { nameOf, quoteName, quoteText } from './model.js'
import type { CellName, GeneratedColumn, GeneratedTable, Leaf } from './model.js'
import { payloadTypes } from './payload.js'
import type { Random } from './random.js'

export interface DdlOptions {
  readonly schema: string
  readonly cell: CellName
  /** Column order and dropped columns differ by cell. */
  readonly random: Random
}

/** Everything of one database of one cell: tables, rows, then what would be in the way of the rows. */
export function databaseSql(tables: readonly GeneratedTable[], database: string, options: DdlOptions): string {
  const here = tables.filter((table) => table.database === database || table.emptyIn.includes(database))
  const filled = here.filter((table) => table.database === database)
  return [
    options.schema === 'public' ? '' : `CREATE SCHEMA ${quoteName(options.schema)};`,
    'CREATE SCHEMA parts;',
    payloadTypes(quoteName(options.schema)),
    ...here.map((table) => createTable(table, options)),
    ...filled.map((table) => insertRows(table, options.cell)),
    ...here.flatMap((table) => table.foreignKeys.filter(({ parent }) => here.includes(parent)).map((key) => `ALTER TABLE ${nameOf(table)} ADD FOREIGN KEY (${list(key.columns)}) REFERENCES ${nameOf(key.parent)} (${list(key.parentColumns)}) ${key.action};`)),
    ...here.flatMap((table) => table.after.filter(({ cell }) => cell === undefined || cell === options.cell).map(({ sql }) => `${sql};`)),
  ].join('\n')
}

function list(names: readonly string[]): string {
  return names.map(quoteName).join(', ')
}

function createTable(table: GeneratedTable, { cell, random }: DdlOptions): string {
  const dropped = random.chance(0.3) ? ['"dropped one"', '"dropped two"'] : []
  const columns = random.shuffle([...table.columns.map((column) => columnSql(column, cell)), ...dropped.map((name) => `${name} integer NOT NULL DEFAULT 7`)])
  const constraints = [
    ...(table.key.length === 0 ? [] : [`PRIMARY KEY (${list(table.key)})`]),
    ...table.alternateKeys.map((key) => `UNIQUE (${list(key)})`),
    ...table.checks.map((check) => `CHECK (${check})`),
  ]
  const partition = table.partition === null ? '' : ` PARTITION BY ${table.partition.by}`
  return [
    `CREATE TABLE ${nameOf(table)} (${[...columns, ...constraints].join(', ')})${partition};`,
    ...dropped.map((name) => `ALTER TABLE ${nameOf(table)} DROP COLUMN ${name};`),
    ...(table.partition?.leaves ?? []).map((leaf) => createLeaf(table, leaf, random, cell)),
  ].join('\n')
}

/** Made as a partition, or attached with columns in an order of its own. */
function createLeaf(table: GeneratedTable, leaf: Leaf, random: Random, cell: CellName): string {
  const bound = typeof leaf.bound === 'string' ? leaf.bound : leaf.bound(cell)
  const isGenerated = table.columns.some((column) => column.computed)
  if (isGenerated || random.chance(0.5)) return `CREATE TABLE ${nameOf(leaf)} PARTITION OF ${nameOf(table)} ${bound};`
  const columns = random.shuffle(table.columns.map((column) => columnSql(column, cell)))
  return `CREATE TABLE ${nameOf(leaf)} (${columns.join(', ')}${table.checks.map((check) => `, CHECK (${check})`).join('')}); ALTER TABLE ${nameOf(table)} ATTACH PARTITION ${nameOf(leaf)} ${bound};`
}

function columnSql({ name, type, constraint }: GeneratedColumn, cell: CellName): string {
  return `${quoteName(name)} ${type} ${typeof constraint === 'string' ? constraint : constraint(cell)}`
}

function insertRows(table: GeneratedTable, cell: CellName): string {
  const rows = table.rows.filter((row) => row.cells.includes(cell))
  const columns = table.columns.filter((column) => !column.computed)
  if (rows.length === 0) return ''
  const values = rows.map((row) => `(${columns.map(({ name }) => quoteText(row.perCell[cell][name] ?? row.values[name] ?? null)).join(', ')})`)
  return `INSERT INTO ${nameOf(table)} (${list(columns.map(({ name }) => name))}) OVERRIDING SYSTEM VALUE VALUES ${values.join(',\n')};`
}
