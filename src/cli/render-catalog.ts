import type { CheckDocument, DiscoverDocument, DoneDocument, PlanDocument, PlannedTable } from '../domain/documents.js'
import { formatDuration } from '../domain/durations.js'
import { counted, formatBytes, formatCount } from './format.js'
import { renderFindings } from './render-findings.js'
import { printable } from './style.js'
import type { Style } from './style.js'
import { textTable } from './text-table.js'

/** Commands that look and do not move. */

export function renderDone(document: DoneDocument): readonly string[] {
  return document.done.map(printable)
}

export function renderCheck(document: CheckDocument, style: Style): readonly string[] {
  const rows = document.checks.map((check) => [check.ok ? style.green('ok') : style.red('FAIL'), check.cell, check.database ?? '', check.name, check.message].map((text, index) => (index === 0 ? text : printable(text))))
  const columns = ['', 'CELL', 'DATABASE', 'CHECK', ''].map((title) => ({ title }))
  const findings = renderFindings(document.findings, style)
  return [...(rows.length === 0 ? [] : textTable(columns, rows, style.dim)), ...blankBefore(findings), ...(findings.length === 0 && rows.length === 0 ? ['nothing to report'] : [])]
}

export function renderDiscover(document: DiscoverDocument, style: Style): readonly string[] {
  const rows = document.tables.map((table) => [
    printable(table.database),
    printable(`${table.schema}.${table.table}`),
    table.class === 'unclassified' ? style.red(table.class) : table.class,
    printable(table.strategy ?? table.rule?.path.join(', ') ?? ''),
    table.origin ?? '',
  ])
  const columns = ['DATABASE', 'TABLE', 'CLASS', 'OWNER OR STRATEGY', 'ORIGIN'].map((title) => ({ title }))
  const classes = (['root', 'sharded', 'exempt', 'unclassified'] as const).map((name) => `${formatCount(document.tables.filter((table) => table.class === name).length)} ${name}`)
  return [...textTable(columns, rows, style.dim), '', `${printable(document.cell)}: ${counted(document.tables.length, 'table')}: ${classes.join(', ')}`, ...blankBefore(renderFindings(document.findings, style))]
}

export function renderPlan(document: PlanDocument, style: Style): readonly string[] {
  const shown = document.tables.filter((table) => table.rows > 0)
  const columns = [
    { title: 'DATABASE' },
    { title: 'TABLE' },
    { title: 'CLASS' },
    { title: 'ROWS', align: 'right' },
    { title: 'SIZE', align: 'right' },
    { title: 'CHUNKS', align: 'right' },
    { title: 'INDEX' },
  ] as const
  const empty = document.tables.length - shown.length
  const { totals, estimate } = document
  const window = estimate.windowSeconds === null ? 'unknown' : `about ${formatDuration(estimate.windowSeconds * 1000)}`
  return [
    style.bold(`organization ${printable(document.org)}: ${printable(document.source ?? '?')} → ${printable(document.target)}`),
    '',
    ...(shown.length === 0 ? [] : textTable(columns, shown.map((table) => plannedRow(table, style)), style.dim)),
    ...(empty === 0 ? [] : [style.dim(`(${counted(empty, 'table')} without a row of the organization)`)]),
    '',
    ...document.classes.map((one) => style.dim(`${one.class.padEnd(8)} ${counted(one.tables, 'table')}, ${counted(one.rows, 'row')}, ${formatBytes(one.bytes)}`)),
    `total: ${counted(totals.tables, 'table')}, ${counted(totals.rows, 'row')}, ${formatBytes(totals.bytes)}`,
    `maintenance window: ${window} (${printable(estimate.basis)})`,
    ...document.besides.map((text) => printable(text)),
    ...blankBefore(renderFindings(document.findings, style)),
    ...blankBefore(renderNotMoved(document, style)),
    ...blankBefore(renderSteps(document, style)),
    ...(document.blocking ? ['', style.red('The move is not possible as things stand: every error above must be gone first.')] : []),
  ]
}

/** Those with the same reason in one line: a schema has many lookup tables. */
function renderNotMoved({ notMoved }: PlanDocument, style: Style): readonly string[] {
  if (notMoved.length === 0) return []
  const reasons = [...new Set(notMoved.map(({ why }) => why))]
  return [style.bold('Not moved'), ...reasons.flatMap((why) => [`  ${printable(notMoved.filter((one) => one.why === why).map(({ what }) => what).join(', '))}`, style.dim(`      ${printable(why)}`)])]
}

const WRITES = { source: 'the source accepts writes', nobody: 'nobody does', target: 'the target does' } as const

function renderSteps({ steps }: PlanDocument, style: Style): readonly string[] {
  if (steps.length === 0) return []
  return [style.bold('What the move will do'), ...steps.map(({ phase, text, writes }, n) => `  ${String(n + 1).padStart(2)}. ${phase.padEnd(8)} ${printable(text)} ${style.dim(`(${WRITES[writes]})`)}`)]
}

function plannedRow(table: PlannedTable, style: Style): readonly string[] {
  return [
    printable(table.database),
    printable(`${table.schema}.${table.table}`),
    table.class,
    `${table.rowsExact ? '' : '~'}${formatCount(table.rows)}`,
    formatBytes(table.bytes),
    formatCount(table.chunks),
    table.index === null ? style.yellow('none') : printable(table.index),
  ]
}

export function blankBefore(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
