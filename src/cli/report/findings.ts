import { ERROR_CATALOGUE } from '../../domain/error-catalogue.js'
import type { Finding } from '../../domain/finding.js'
import { counted } from '../format.js'
import { html } from './html.js'
import type { Markup } from './html.js'

const MOST_EXAMPLES = 5

/** Errors first; those of one code under one heading, with what to do. */
export function findingsMarkup(findings: readonly Finding[]): Markup | null {
  if (findings.length === 0) return null
  const codes = [...new Set(findings.toSorted((a, b) => (a.severity === b.severity ? a.code.localeCompare(b.code) : a.severity === 'error' ? -1 : 1)).map(({ code }) => code))]
  return html`${codes.map((code) => {
    const own = findings.filter((finding) => finding.code === code)
    const isError = own.some(({ severity }) => severity === 'error')
    const { title, remedy } = ERROR_CATALOGUE[code]
    return html`<h3><span class="${isError ? 'bad' : 'warn'}">${isError ? 'error' : 'warning'}</span> ${code} ${title} (${own.length})</h3><p class="quiet">${remedy}</p><ul>${own.map(one)}</ul>`
  })}`
}

function one({ cell, database, schema, table, message, hint, count, examples }: Finding): Markup {
  const place = [cell, database, table === null ? schema : `${schema ?? '?'}.${table}`].filter((part) => part !== null).join(' ')
  const shown = examples.slice(0, MOST_EXAMPLES).map((row) => Object.entries(row).map(([column, value]) => `${column}=${value ?? 'NULL'}`).join(' '))
  return html`<li>${place === '' ? null : html`<strong>${place}</strong>: `}${message}${count === null ? '' : ` (${counted(count, 'row')})`}${shown.map((row) => html`<br><code>${row}</code>`)}${hint === '' ? null : html`<br><span class="quiet">${hint}</span>`}</li>`
}
