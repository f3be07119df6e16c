import { comparedServers } from '../checks/check-cells.js'
import { tableKey } from '../domain/catalog.js'
import type { Catalog, TableName } from '../domain/catalog.js'
import { compareTables } from '../domain/compare-catalogs.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { isExempt, isOwned } from '../domain/ownership.js'
import type { Unit } from '../domain/ownership.js'
import type { CheckReport } from './check-report.js'

export interface ExaminedCell {
  readonly cell: string
  /** As configured, in order; `catalogs` holds those that could be read. */
  readonly databases: readonly string[]
  readonly catalogs: ReadonlyMap<string, Catalog>
  readonly units: readonly Unit[]
}

/** Whether rows of one cell can live on the other: the same databases on servers of their own, with the same tables. */
export function checkParity(report: CheckReport, first: ExaminedCell, other: ExaminedCell): void {
  report.add({ cell: other.cell, database: null }, 'databases', `the same as ${first.cell}`, [...missingDatabases(first, other), ...missingDatabases(other, first)])
  for (const database of first.databases) {
    const [ours, theirs] = [first.catalogs.get(database), other.catalogs.get(database)]
    if (ours === undefined || theirs === undefined) continue
    const place = { cell: other.cell, database }
    const named = (findings: readonly Finding[]): readonly Finding[] => findings.map((found) => inNamesOfCells(found, first.cell, other.cell))
    report.add(place, 'server parity', `not the same server as ${first.cell}, and of a fitting encoding and version`, [...named(comparedServers(ours, theirs, place)), ...sameServer(ours, theirs, first.cell, place)])
    const differences = compareTables(ours, theirs, moving(first, database), place)
    report.add(place, 'schema parity', `${moving(first, database).length} tables compared with ${first.cell}`, [...named(differences), ...missingTables(first, other, database)])
  }
}

function missingDatabases(from: ExaminedCell, to: ExaminedCell): readonly Finding[] {
  return from.databases
    .filter((database) => !to.databases.includes(database))
    .map((database) => finding('OM1001', 'error', { cell: to.cell, database }, { message: `${to.cell} has no database ${database}, which ${from.cell} has`, hint: 'name the same databases for both cells' }))
}

function sameServer(ours: Catalog, theirs: Catalog, first: string, place: { readonly cell: string; readonly database: string }): readonly Finding[] {
  if (ours.server.systemIdentifier !== theirs.server.systemIdentifier || ours.server.database === theirs.server.database) return []
  return [finding('OM2001', 'warning', place, { message: `${place.cell} is on the same server as ${first} (system identifier ${ours.server.systemIdentifier}), in another database`, hint: 'nothing to do if that is meant; cells usually stand on servers of their own' })]
}

/** Tables that only the other cell has are no difference to `compareTables`, but a move the other way would stop at them. */
function missingTables(first: ExaminedCell, other: ExaminedCell, database: string): readonly Finding[] {
  const known = new Set(first.catalogs.get(database)?.tables.map(tableKey))
  return moving(other, database)
    .filter((table) => !known.has(tableKey(table)))
    .map((table) => finding('OM2108', 'error', { cell: first.cell, database, schema: table.schema, table: table.name }, { message: `table ${tableKey(table)} is on ${other.cell} and not on ${first.cell}`, hint: 'bring both cells to the same schema version' }))
}

function moving({ units }: ExaminedCell, database: string): readonly TableName[] {
  return units.filter((unit) => unit.id.database === database && (isOwned(unit) || isExempt(unit, 'shared') || isExempt(unit, 'lookup'))).map((unit) => unit.id)
}

/** Without a move there is neither source nor target. */
function inNamesOfCells(found: Finding, first: string, other: string): Finding {
  return { ...found, message: found.message.replaceAll(/\b(the )?source\b/g, first).replaceAll(/\b(the )?target\b/g, other) }
}
