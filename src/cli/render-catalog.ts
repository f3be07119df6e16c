import type { CheckDocument, DiscoverDocument, DoneDocument } from '../domain/documents.js'
import { counted, formatCount } from './format.js'
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

export function blankBefore(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
