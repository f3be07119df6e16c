import type { CheckDocument, DiscoverDocument, DiscoveredTable, DoneDocument } from '../domain/documents.js'
import { counted, formatCount } from './format.js'
import { renderFindings } from './render-findings.js'
import { printable } from './style.js'
import type { Style } from './style.js'
import { textTable } from './text-table.js'
import type { Widths } from './wrap.js'

/** Commands that look and do not move. */

export function renderDone(document: DoneDocument): readonly string[] {
  return document.done.map(printable)
}

export function renderCheck(document: CheckDocument, style: Style, { prose, tables }: Widths): readonly string[] {
  const rows = document.checks.map((check) => [check.ok ? style.green('ok') : style.red('FAIL'), check.cell, check.database ?? '', check.name, check.message].map((text, index) => (index === 0 ? text : printable(text))))
  const columns = ['', 'CELL', 'DATABASE', 'CHECK', ''].map((title) => ({ title }))
  const findings = renderFindings(document.findings, style, { width: prose, most: Number.POSITIVE_INFINITY })
  return [...(rows.length === 0 ? [] : textTable(columns, rows, style.dim, tables)), ...blankBefore(findings), ...(findings.length === 0 && rows.length === 0 ? ['nothing to report'] : [])]
}

/** Each table tells its own step; where the owner's rows belong stands in the owner's line, and --json has the whole way. */
export function renderDiscover(document: DiscoverDocument, style: Style, { prose, tables }: Widths): readonly string[] {
  const rows = document.tables.map((table) => [
    printable(table.database),
    printable(`${table.schema}.${table.table}`),
    table.class === 'unclassified' ? style.red(table.class) : table.class,
    table.origin ?? '',
    printable(table.strategy ?? ownSteps(table)),
  ])
  const columns = ['DATABASE', 'TABLE', 'CLASS', 'ORIGIN', 'OWNER OR STRATEGY'].map((title) => ({ title }))
  const classes = (['root', 'sharded', 'exempt', 'unclassified'] as const).map((name) => `${formatCount(document.tables.filter((table) => table.class === name).length)} ${name}`)
  return [...textTable(columns, rows, style.dim, tables), '', `${printable(document.cell)}: ${counted(document.tables.length, 'table')}: ${classes.join(', ')}`, ...blankBefore(renderFindings(document.findings, style, { width: prose, most: Number.POSITIVE_INFINITY }))]
}

/** `issue_id → issues` of `comments.issue_id -> issues.id`; with several keys each of them. */
function ownSteps({ schema, table, rule }: DiscoveredTable): string {
  const own = (rule?.path ?? []).flatMap((step) => [`${schema}.${table}.`, `${table}.`].flatMap((prefix) => (step.startsWith(prefix) ? [{ step, prefix }] : [])).slice(0, 1))
  return own
    .map(({ step, prefix }) => {
      const [from = '', to] = step.split(' -> ')
      const columns = from.split(', ').map((column) => column.replace(prefix, ''))
      return `${columns.join(', ')}${to === undefined ? '' : ` → ${(to.split(', ')[0] ?? '').replace(/\.[^.]*$/, '')}`}`
    })
    .join('; ')
}

export function blankBefore(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
