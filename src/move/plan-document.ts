import type { Examined } from '../checks/examine.js'
import type { Settings } from '../config/settings.js'
import type { PlanDocument, PlannedTable } from '../domain/documents.js'
import { tableKey, tableNamed } from '../domain/catalog.js'
import { rowsPerChunk } from '../domain/chunk-size.js'
import { estimateWindow } from '../domain/estimate.js'
import { notMoved } from '../domain/not-moved.js'
import { outsideTables } from '../domain/outside-tables.js'
import type { Room } from '../domain/room.js'
import { planSteps } from '../domain/plan-steps.js'
import type { StepNames } from '../domain/plan-steps.js'
import { isBlocking } from '../domain/finding.js'
import { isNotableLoad } from '../domain/statistics.js'

const MOST_NAMED = 5
const MEGABYTE = 1024 * 1024

export function planDocument(settings: Settings, names: { readonly org: string; readonly source: string; readonly target: string }, examined: Examined, besideRows: { readonly publications: readonly string[]; readonly room: Room | null }): PlanDocument {
  const { publications, room } = besideRows
  const tables = examined.plan.owned.map((table): PlannedTable => {
    const rows = examined.rows.get(table.no)
    const read = examined.reads.get(table.no)
    return {
      database: table.id.database,
      schema: table.id.schema,
      table: table.id.name,
      class: table.class,
      rows: rows ?? 0,
      rowsExact: rows !== undefined,
      bytes: read?.bytes ?? 0,
      chunks: rows === undefined || rows === 0 ? 0 : table.identity === null ? 1 : Math.ceil(rows / rowsPerChunk(table, settings.copy)),
      index: read?.index ?? null,
    }
  })
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return {
    ...names,
    tables,
    totals: { tables: tables.length, rows, bytes: tables.reduce((sum, table) => sum + table.bytes, 0) },
    room,
    besides: besides(settings, names, examined),
    estimate: estimateWindow({ tables: tables.length, rows: examined.rows.size > 0 ? rows : null, sampled: examined.sampled }),
    sample: examined.sampled === null ? null : { tables: examined.sampled.tables.map(({ id, rows: sampledRows, bytes, seconds }) => ({ database: id.database, schema: id.schema, table: id.name, rows: sampledRows, bytes, seconds: Math.round(seconds * 1000) / 1000 })), cutShort: examined.sampled.cutShort },
    classes: classesOf(tables),
    notMoved: [...publications.map((name) => ({ what: `publication ${name} of ${names.source}`, why: 'its consumers will see the purge as deletions of the rows, unless they leave out what carries the mover\'s origin' })), ...outside(settings, examined), ...notMoved(examined.plan)],
    steps: planSteps({ ...names, tables: tables.length, rows, hooks: hooksOf(settings) }),
    findings: examined.findings,
    blocking: isBlocking(examined.findings),
    rowsChecked: examined.rowsChecked,
    error: null,
  }
}

/** Tables that nobody was asked about: told, so that to leave them out is a decision. */
function outside({ tenancy }: Settings, { catalogs, units }: Examined): PlanDocument['notMoved'] {
  return [...catalogs.source.keys()].flatMap((database) =>
    outsideTables(catalogs.source, database, { tenancy, units }).map((table) => ({ what: `${database} ${tableKey(table)}`, why: 'in a schema that is not under tenancy.schemas: not looked at' })),
  )
}

function classesOf(tables: readonly PlannedTable[]): PlanDocument['classes'] {
  const withRows = tables.filter((table) => table.rows > 0)
  return [...new Set(withRows.map((table) => table.class))].map((name) => {
    const own = withRows.filter((table) => table.class === name)
    return { class: name, tables: own.length, rows: own.reduce((sum, table) => sum + table.rows, 0), bytes: own.reduce((sum, table) => sum + table.bytes, 0) }
  })
}

function hooksOf({ maintenance }: Settings): StepNames['hooks'] {
  return { enter: maintenance.enter.length, ready: maintenance.ready.length, leave: maintenance.leave.length }
}

/** Statistics that are gathered before the flip, and where it is asked for the VACUUM after the purge. */
function besides(settings: Settings, names: { readonly source: string; readonly target: string }, { plan, rows, catalogs }: Examined): readonly string[] {
  const moving = plan.owned.filter((table) => (rows.get(table.no) ?? 0) > 0)
  const notable = moving.filter(({ no, id }) => isNotableLoad(rows.get(no) ?? 0, tableNamed(catalogs.target.get(id.database), id)?.rowEstimate ?? null))
  const bytes = moving.reduce((sum, table) => sum + table.bytesEstimate, 0)
  return [
    ...(notable.length === 0 ? [] : [`before the flip ANALYZE of ${notable.length} table(s) on ${names.target}, of which the load is a notable part: ${named(notable)}`]),
    ...(settings.purge.vacuum && moving.length > 0 ? [`after the purge VACUUM of ${moving.length} table(s) on ${names.source}, with the rows of everybody ${Math.ceil(bytes / MEGABYTE)} MB: ${named(moving)}`] : []),
  ]
}

function named(tables: Examined['plan']['owned']): string {
  const names = tables.slice(0, MOST_NAMED).map(({ id }) => tableKey(id))
  return tables.length > MOST_NAMED ? `${names.join(', ')} and ${tables.length - MOST_NAMED} more` : names.join(', ')
}
