import { tableKey } from './catalog.js'
import type { Catalog, ForeignKey, Table, TableName } from './catalog.js'
import { columnDifferences } from './compare-columns.js'
import { constraintDifferences } from './compare-constraints.js'
import { typeDifferences } from './compare-types.js'
import { finding } from './finding.js'
import type { Finding } from './finding.js'
import type { SideOfTable, TableDifference, TablePair } from './table-difference.js'

export { catalogFingerprint } from './catalog-fingerprint.js'

const HINT = 'bring both cells to the same schema version, then run `org-mover plan` again'

/**
 * OM2108 for each difference between the cells that matters to rows of these tables: an error where a row could be rejected, changed or
 * mean something else on the target, a warning where the target only promises less. What matters to no row is not looked at:
 * order of columns, names of constraints, plain indexes, defaults, comments. Shapes are compared, not names. Tables that the source
 * does not have are left out. `place` is the target's.
 */
export function compareTables(source: Catalog, target: Catalog, tables: readonly TableName[], place: { readonly cell: string; readonly database: string }): Finding[] {
  const [sources, targets] = [sidesOf(source), sidesOf(target)]
  const sameMajor = majorOf(source) === majorOf(target)
  const pairs: TablePair[] = []
  const findings: Finding[] = []
  for (const name of tables) {
    const ours = sources(name)
    const theirs = targets(name)
    if (ours === null) continue
    const pair = theirs === null ? null : { source: ours, target: theirs, sameMajor }
    if (pair !== null) pairs.push(pair)
    const differences = pair === null ? [missing(ours.table)] : [...storageDifferences(pair), ...columnDifferences(pair), ...constraintDifferences(pair)]
    for (const { severity, message } of differences) {
      findings.push(finding('OM2108', severity, { ...place, schema: name.schema, table: name.name }, { message, hint: HINT }))
    }
  }
  const ofTypes = typeDifferences(source, target, pairs).map(({ severity, message }) => finding('OM2108', severity, place, { message, hint: HINT }))
  return [...findings, ...ofTypes, ...extensionDifferences(source, target, place)]
}

function missing(table: Table): TableDifference {
  return { severity: 'error', message: `table ${tableKey(table)} is on the source and not on the target` }
}

function storageDifferences({ source: { table: source }, target: { table: target } }: TablePair): TableDifference[] {
  const differences: TableDifference[] = []
  const [ours, theirs] = [source.partitionKey, target.partitionKey]
  if (ours !== theirs) {
    differences.push({ severity: 'error', message: `the table is ${partitioned(ours)} on the source and ${partitioned(theirs)} on the target` })
  }
  if (source.persistence === 'permanent' && target.persistence === 'unlogged') {
    differences.push({ severity: 'error', message: 'the table is permanent on the source and unlogged on the target, where a crash would empty it' })
  }
  return differences
}

function partitioned(key: string | null): string {
  return key === null ? 'not partitioned' : `partitioned by ${key}`
}

function extensionDifferences(source: Catalog, target: Catalog, place: { readonly cell: string; readonly database: string }): Finding[] {
  const theirs = new Map(target.extensions.map((extension) => [extension.name, extension.version]))
  return source.extensions.flatMap(({ name, version }) => {
    const other = theirs.get(name)
    if (other === undefined || other === version) return []
    return [finding('OM2108', 'warning', place, { message: `extension ${name} is version ${version} on the source and ${other} on the target`, hint: `run ALTER EXTENSION ${name} UPDATE where it is older` })]
  })
}

function sidesOf(catalog: Catalog): (name: TableName) => SideOfTable | null {
  const tables = new Map(catalog.tables.map((table) => [tableKey(table), table]))
  const foreignKeys = new Map<string, ForeignKey[]>()
  for (const foreignKey of catalog.foreignKeys) {
    const key = tableKey(foreignKey.table)
    const known = foreignKeys.get(key)
    if (known === undefined) foreignKeys.set(key, [foreignKey])
    else known.push(foreignKey)
  }
  return (name) => {
    const table = tables.get(tableKey(name))
    return table === undefined ? null : { table, foreignKeys: foreignKeys.get(tableKey(name)) ?? [] }
  }
}

function majorOf(catalog: Catalog): number {
  return Math.floor(catalog.server.versionNum / 10_000)
}
