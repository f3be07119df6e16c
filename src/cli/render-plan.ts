import type { PlanDocument, PlannedTable } from '../domain/documents.js'
import { formatDuration } from '../domain/durations.js'
import { counted, formatBytes, formatCount } from './format.js'
import { blankBefore } from './render-catalog.js'
import { renderFindings } from './render-findings.js'
import { printable } from './style.js'
import type { Style } from './style.js'
import { fittingTable } from './text-table.js'
import type { TableColumn } from './text-table.js'
import { wrapped } from './wrap.js'

const MOST_TABLES = 10
const MOST_PLACES = 5
const MOST_NAMES = 10
const UNBROKEN = '\u00a0'

/** A plan for people who must judge a change: what stands in the way, what moves, what stays, what will happen and how long it takes. Bounded; --json has it all. */
export function renderPlan(document: PlanDocument, style: Style, width: number): readonly string[] {
  return [
    style.bold(`organization ${printable(document.org)}: ${printable(document.source ?? '?')} → ${printable(document.target)}`),
    ...paragraph(verdictOf(document), width, 0).map(document.blocking ? style.red : document.findings.length > 0 ? style.yellow : style.green),
    ...(document.rowsChecked ? [] : paragraph(ROWS_NOT_CHECKED, width, 0).map(style.yellow)),
    ...blankBefore(renderFindings(document.findings, style, { width, most: MOST_PLACES })),
    ...blankBefore(renderBiggest(document, style, width)),
    '',
    ...renderWindow(document, style, width),
    ...renderRoom(document, width),
    ...document.besides.flatMap((text) => paragraph(printable(text), width, 2)),
    ...blankBefore(renderNotMoved(document, style, width)),
    ...blankBefore(renderSteps(document, style, width)),
  ]
}

/** Findings come in rounds then, and whoever plans an evening must know that. */
export const ROWS_NOT_CHECKED = 'No row was looked at: with these errors it would lead nowhere. Further checks (owners, references, conflicts on the target, secrets, sizes) run once they are gone, and may find more.'

function verdictOf({ blocking, findings }: PlanDocument): string {
  if (blocking) return 'The move is not possible as things stand: every error must be gone first.'
  return findings.length === 0 ? 'Nothing stands in the way.' : `Possible; ${counted(findings.length, 'warning')} to judge.`
}

const COLUMNS: readonly TableColumn[] = [
  { title: 'DATABASE' },
  { title: 'TABLE' },
  { title: 'CLASS' },
  { title: 'ROWS', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'CHUNKS', align: 'right' },
  { title: 'INDEX' },
]

/** What a narrow terminal does without, one after the other. */
const DISPENSABLE = ['INDEX', 'CHUNKS', 'CLASS']

function renderBiggest({ tables, totals, classes }: PlanDocument, style: Style, width: number): readonly string[] {
  const withRows = tables.filter((table) => table.rows > 0).toSorted((a, b) => b.bytes - a.bytes || b.rows - a.rows)
  const shown = withRows.slice(0, MOST_TABLES)
  const left = withRows.slice(MOST_TABLES)
  const empty = tables.length - withRows.length
  return [
    ...(shown.length === 0 ? [] : fittingTable(COLUMNS, shown.map((table) => plannedRow(table, style)), { width, dispensable: DISPENSABLE, title: style.dim })),
    ...(left.length === 0 ? [] : [style.dim(`and ${counted(left.length, 'smaller table')} with ${counted(sum(left, 'rows'), 'row')}, ${formatBytes(sum(left, 'bytes'))}: --json lists all`)]),
    ...(empty === 0 ? [] : [style.dim(`(${counted(empty, 'table')} without a row of the organization)`)]),
    `total: ${counted(totals.tables, 'table')}, ${counted(totals.rows, 'row')}, ${formatBytes(totals.bytes)}`,
    ...classes.map((one) => style.dim(`  ${one.class.padEnd(8)} ${counted(one.tables, 'table')}, ${counted(one.rows, 'row')}, ${formatBytes(one.bytes)}`)),
  ]
}

function plannedRow(table: PlannedTable, style: Style): readonly string[] {
  return [printable(table.database), printable(`${table.schema}.${table.table}`), table.class, `${table.rowsExact ? '' : '~'}${formatCount(table.rows)}`, formatBytes(table.bytes), formatCount(table.chunks), table.index === null ? style.yellow('none') : printable(table.index)]
}

function sum(tables: readonly PlannedTable[], what: 'rows' | 'bytes'): number {
  return tables.reduce((total, table) => total + table[what], 0)
}

function renderWindow({ estimate }: PlanDocument, style: Style, width: number): readonly string[] {
  const window = estimate.windowSeconds === null ? 'unknown' : `about ${formatDuration(estimate.windowSeconds * 1000)}`
  return [`${style.bold('Maintenance window')}: ${window}`, ...paragraph(printable(estimate.basis), width, 2).map(style.dim)]
}

function renderRoom({ room, target }: PlanDocument, width: number): readonly string[] {
  if (room === null) return []
  const known = [...room.bytes.map(({ free, by }) => `${formatBytes(Math.max(0, free))} free (${by})`), ...room.organizations.map(({ free, by }) => `room for ${counted(Math.max(0, free), 'more organization')} (${by})`)]
  return paragraph(printable(`room on ${target}: about ${formatBytes(room.needBytes)} needed, indexes included; ${known.join('; ')}`), width, 2)
}

/** Those with the same reason together: a schema has many lookup tables. */
function renderNotMoved({ notMoved }: PlanDocument, style: Style, width: number): readonly string[] {
  if (notMoved.length === 0) return []
  const reasons = [...new Set(notMoved.map(({ why }) => why))]
  return [
    style.bold('Not moved'),
    ...reasons.flatMap((why) => {
      const group = notMoved.filter((one) => one.why === why)
      // a database's name does not stand at the end of a line, with its table in the next
      const names = group.slice(0, MOST_NAMES).map(({ what }) => what.replaceAll(' ', UNBROKEN))
      const left = group.length - names.length
      return [...paragraph(printable(`${names.join(', ')}${left === 0 ? '' : ` and ${left} more: --json lists all`}`), width, 2).map((line) => line.replaceAll(UNBROKEN, ' ')), ...paragraph(printable(why), width, 6).map(style.dim)]
    }),
  ]
}

function renderSteps({ steps, source, target }: PlanDocument, style: Style, width: number): readonly string[] {
  if (steps.length === 0) return []
  const writers = { source: `${source ?? 'the source'} accepts writes`, nobody: 'nobody accepts writes', target: `${target} accepts writes` }
  const indent = 15
  return [
    style.bold('What the move will do'),
    ...steps.flatMap(({ phase, text, writes }, n) => [
      ...wrapped(printable(text), width, indent).map((line, index) => (index === 0 ? `  ${String(n + 1).padStart(2)}. ${phase.padEnd(8)} ${line}` : line)),
      // told where it changes: of the window that is what a reader looks for
      ...(writes === steps[n - 1]?.writes ? [] : [style.dim(`${' '.repeat(indent)}(from here ${printable(writers[writes])})`)]),
    ]),
  ]
}

function paragraph(text: string, width: number, indent: number): readonly string[] {
  return wrapped(text, width, indent).map((line, index) => (index === 0 ? `${' '.repeat(indent)}${line}` : line))
}
