import type { Finding } from '../domain/finding.js'
import { counted } from './format.js'
import { printable, printableLines } from './style.js'
import type { Style } from './style.js'

const MAX_EXAMPLES = 5

/** Findings, errors first; those of one code, message and hint under one heading would hide places, so each stands for itself. */
export function renderFindings(findings: readonly Finding[], style: Style): readonly string[] {
  if (findings.length === 0) return []
  const errors = findings.filter((f) => f.severity === 'error')
  const warnings = findings.filter((f) => f.severity === 'warning')
  const heading = [counted(errors.length, 'error'), counted(warnings.length, 'warning')].filter((text) => !text.startsWith('0 ')).join(', ')
  return [style.bold(`Findings: ${heading}`), ...[...byCode(errors), ...byCode(warnings)].flatMap((f) => renderFinding(f, style))]
}

function byCode(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
}

function renderFinding(finding: Finding, style: Style): readonly string[] {
  const mark = finding.severity === 'error' ? style.red('error  ') : style.yellow('warning')
  const rows = finding.count === null ? '' : ` (${counted(finding.count, 'row')})`
  const [first = '', ...more] = printableLines(finding.message)
  return [
    `  ${mark} ${finding.code} ${style.bold(placeOf(finding))}${placeOf(finding) === '' ? '' : ': '}${first}${rows}`,
    ...more.map((line) => `                  ${line}`),
    ...finding.examples.slice(0, MAX_EXAMPLES).map((example) => style.dim(`                  ${describeRow(example)}`)),
    ...(finding.examples.length > MAX_EXAMPLES ? [style.dim(`                  … and ${finding.examples.length - MAX_EXAMPLES} more`)] : []),
    ...printableLines(finding.hint).map((line, index) => `                  ${index === 0 ? `${style.cyan('hint:')} ` : '      '}${line}`),
  ]
}

/** `cell-a main public.notes`, as far as it is known. */
function placeOf({ cell, database, schema, table }: Finding): string {
  const name = table === null ? schema : schema === null ? table : `${schema}.${table}`
  return printable([cell, database, name].filter((part) => part !== null).join(' '))
}

export function describeRow(row: Readonly<Record<string, string | null>>): string {
  return printable(
    Object.entries(row)
      .map(([column, value]) => `${column}=${value ?? 'NULL'}`)
      .join(' '),
  )
}
