import { ERROR_CATALOGUE } from '../domain/error-catalogue.js'
import type { Finding } from '../domain/finding.js'
import { counted } from './format.js'
import { printable, printableLines } from './style.js'
import type { Style } from './style.js'
import { wrapped } from './wrap.js'

const MAX_EXAMPLES = 5
const INDENT = 18

export interface FindingLayout {
  /** Cells of a line. */
  readonly width: number
  /** Of so many places of one code the first ones are shown. */
  readonly most: number
}

const EVERYTHING: FindingLayout = { width: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY }

/** Findings, errors first; those of one code stand under one heading with one remedy, and the places beneath. */
export function renderFindings(findings: readonly Finding[], style: Style, layout: FindingLayout = EVERYTHING): readonly string[] {
  if (findings.length === 0) return []
  const errors = findings.filter((f) => f.severity === 'error')
  const warnings = findings.filter((f) => f.severity === 'warning')
  const heading = [counted(errors.length, 'error'), counted(warnings.length, 'warning')].filter((text) => !text.startsWith('0 ')).join(', ')
  return [style.bold(`Findings: ${heading}`), ...[...byCode(errors), ...byCode(warnings)].flatMap((group) => renderGroup(group, style, layout))]
}

function byCode(findings: readonly Finding[]): readonly (readonly Finding[])[] {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted()
  return codes.map((code) => findings.filter((one) => one.code === code))
}

function renderGroup(group: readonly Finding[], style: Style, layout: FindingLayout): readonly string[] {
  const [first] = group
  if (first === undefined) return []
  if (group.length === 1) return renderFinding(first, style, layout)
  const hint = theOnly(group.map((f) => f.hint))
  const message = theOnly(group.map((f) => f.message))
  const { title, remedy } = ERROR_CATALOGUE[first.code]
  const shown = group.slice(0, layout.most)
  const left = group.length - shown.length
  return [
    `  ${markOf(first, style)} ${first.code} ${style.bold(`${title}: ${counted(group.length, 'place')}`)}`,
    ...(message === null ? [] : indented(message, layout)),
    ...hintLines(hint ?? remedy, style, layout),
    ...shown.flatMap((one) => renderPlace(one, { message: message === null, hint: hint === null }, style, layout)),
    ...(left === 0 ? [] : [`${' '.repeat(INDENT)}${style.bold(`and ${left} more: --json lists all`)}`]),
  ]
}

/** One of several of a code: what it has for itself. */
function renderPlace(finding: Finding, own: { readonly message: boolean; readonly hint: boolean }, style: Style, layout: FindingLayout): readonly string[] {
  const place = placeOf(finding)
  const [first = '', ...more] = own.message ? printableLines(finding.message) : []
  const said = [place, first].filter((text) => text !== '').join(': ')
  return [
    ...wrapped(`- ${said}${rowsOf(finding)}`, layout.width, INDENT + 2).map((line, index) => (index === 0 ? `${' '.repeat(INDENT)}${line}` : line)),
    ...more.flatMap((line) => indented(line, layout)),
    ...finding.examples.slice(0, 1).map((example) => style.dim(`${' '.repeat(INDENT + 2)}${describeRow(example)}${finding.examples.length > 1 ? ` … and ${finding.examples.length - 1} more` : ''}`)),
    ...(own.hint ? printableLines(finding.hint).flatMap((line) => indented(line, layout, INDENT + 2)).map(style.cyan) : []),
  ]
}

function renderFinding(finding: Finding, style: Style, layout: FindingLayout): readonly string[] {
  const place = placeOf(finding)
  const [first = '', ...more] = printableLines(finding.message)
  const [head = '', ...rest] = wrapped(`${place === '' ? '' : `${place}: `}${first}${rowsOf(finding)}`, layout.width, INDENT)
  return [
    `  ${markOf(finding, style)} ${finding.code} ${style.bold(head.slice(0, place.length))}${head.slice(place.length)}`,
    ...rest,
    ...more.flatMap((line) => indented(line, layout)),
    ...finding.examples.slice(0, MAX_EXAMPLES).map((example) => style.dim(`${' '.repeat(INDENT)}${describeRow(example)}`)),
    ...(finding.examples.length > MAX_EXAMPLES ? [style.dim(`${' '.repeat(INDENT)}… and ${finding.examples.length - MAX_EXAMPLES} more`)] : []),
    ...hintLines(finding.hint, style, layout),
  ]
}

function hintLines(hint: string, style: Style, layout: FindingLayout): readonly string[] {
  const lines = printableLines(hint).flatMap((line) => wrapped(line, layout.width, INDENT + 6).map((part) => part.trimStart()))
  return lines.map((line, index) => `${' '.repeat(INDENT)}${index === 0 ? `${style.cyan('hint:')} ` : '      '}${line}`)
}

function indented(text: string, { width }: FindingLayout, indent = INDENT): readonly string[] {
  return printableLines(text).flatMap((line) => wrapped(line, width, indent).map((part, index) => (index === 0 ? `${' '.repeat(indent)}${part}` : part)))
}

/** Null where they differ. */
function theOnly(texts: readonly string[]): string | null {
  return new Set(texts).size === 1 ? (texts[0] ?? null) : null
}

function markOf({ severity }: Finding, style: Style): string {
  return severity === 'error' ? style.red('error  ') : style.yellow('warning')
}

function rowsOf({ count }: Finding): string {
  return count === null ? '' : ` (${counted(count, 'row')})`
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
