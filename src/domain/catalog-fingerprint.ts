import { createHash } from 'node:crypto'
import { tableKey } from './catalog.js'
import type { Catalog, Column, ForeignKey, Index, Table, TableName } from './catalog.js'

const OUR_FUNCTIONS = 'org_mover.'

/**
 * By table (`schema.name`), SHA-256 (hex) of what the named tables and their partitions of all levels are: names, columns, constraints, partition bounds, triggers,
 * rules, row security. Taken at the freeze and again before verify and cutover, on the same database: any DDL in between that
 * could add, lose, hide or change rows, or lift the fence, changes it. Independent of the order of any list and of plain indexes, object
 * ids, sizes, estimates, privileges and sequences. A table that is gone has none. Column numbers count: a column that was
 * dropped and made again has another one, and its values are lost. Triggers of fences do not: those of other moves come and go
 * (P2), and whoever calls this knows which of its own must be there.
 */
export function catalogFingerprint(catalog: Catalog, tables: readonly TableName[]): Readonly<Record<string, string>> {
  const byKey = new Map(catalog.tables.map((table) => [tableKey(table), table]))
  const partitions = partitionsByParent(catalog)
  const foreignKeys = groupBy(catalog.foreignKeys, (foreignKey) => tableKey(foreignKey.table))
  const wanted = new Set<string>()
  const add = (key: string): void => {
    if (wanted.has(key)) return
    wanted.add(key)
    for (const partition of partitions.get(key) ?? []) add(tableKey(partition))
  }
  for (const table of tables) add(tableKey(table))
  const described = [...wanted].sort().flatMap((key): [string, string][] => {
    const table = byKey.get(key)
    return table === undefined ? [] : [[key, createHash('sha256').update(JSON.stringify(describeTable(table, foreignKeys.get(key) ?? []))).digest('hex')]]
  })
  return Object.fromEntries(described)
}

function partitionsByParent(catalog: Catalog): ReadonlyMap<string, readonly Table[]> {
  return groupBy(
    catalog.tables.filter((table) => table.isPartition),
    (table) => table.parents.map(tableKey).join(),
  )
}

function describeTable(table: Table, foreignKeys: readonly ForeignKey[]): unknown {
  return [
    table.kind,
    table.parents.map(tableKey),
    table.partitionBound,
    table.partitionKey,
    table.persistence,
    table.rowSecurity.enabled,
    table.rowSecurity.forced,
    unordered(table.columns.map(describeColumn)),
    unordered(table.indexes.filter((index) => index.isUnique || index.isExclusion).map(describeConstraint)),
    unordered(table.checks.map((check) => [check.name, check.expression])),
    unordered(foreignKeys.map(describeForeignKey)),
    unordered(table.triggers.filter((trigger) => !trigger.function.startsWith(OUR_FUNCTIONS)).map((trigger) => [trigger.name, trigger.enabled, trigger.function])),
    unordered(table.rules.map((rule) => [rule])),
  ]
}

function describeColumn(column: Column): unknown[] {
  const { name, attnum, type, typeKind, typeName, baseType, notNull, generated, identity, collation, deterministic } = column
  return [name, attnum, type, typeKind, tableKey(typeName), tableKey(baseType), notNull, column.default, generated, identity, collation, deterministic]
}

function describeConstraint(index: Index): unknown[] {
  return [index.name, index.isPrimary, index.isUnique, index.isExclusion, index.isValid, index.isImmediate, index.exclusionOperators, index.definition]
}

function describeForeignKey(foreignKey: ForeignKey): unknown[] {
  const { name, columns, references, referencedColumns, deferrable, onDelete, matchFull } = foreignKey
  return [name, columns, tableKey(references), referencedColumns, deferrable, onDelete, matchFull]
}

function unordered(parts: readonly unknown[][]): string[] {
  return parts.map((part) => JSON.stringify(part)).sort()
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
