import { html, Markup } from './html.js'

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --quiet: #5b6875; --line: #d9dfe5; --page: #fff; --soft: #f4f6f8; --good: #1a7f4b; --bad: #b3261e; --warn: #8a5a00; --bar: #3b6ea5 }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe6ee; --quiet: #96a3b1; --line: #323c47; --page: #14191f; --soft: #1c232b; --good: #5fc48d; --bad: #ff8a80; --warn: #e3b04b; --bar: #6c9fd4 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 80rem; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 2.4rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line) } h3 { font-size: .95rem; margin: 1.2rem 0 .3rem }
p { margin: .3rem 0 } .quiet, th, dt { color: var(--quiet) } .good { color: var(--good) } .bad { color: var(--bad) } .warn { color: var(--warn) }
.verdict { margin: 1.2rem 0; padding: 1rem 1.2rem; border: 1px solid var(--line); border-left: 6px solid var(--quiet); background: var(--soft); border-radius: 4px }
.verdict.good { border-left-color: var(--good) } .verdict.bad { border-left-color: var(--bad) } .verdict.warn { border-left-color: var(--warn) } .verdict strong { font-size: 1.15rem } .verdict p { color: var(--ink) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0 } dd { margin: 0 }
table { border-collapse: collapse; width: 100%; font-size: .87rem } th, td { text-align: left; vertical-align: top; padding: .28rem .7rem .28rem 0; border-bottom: 1px solid var(--line) } th { font-weight: 600; white-space: nowrap }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap } code { font: .84em ui-monospace, monospace; overflow-wrap: anywhere } .n + td:not(.n), .n + th:not(.n) { padding-left: .6rem } time, .whole { white-space: nowrap } .whole { font-size: .78em } .wide { overflow-x: auto } .wide + .wide { margin-top: 1.2rem }
ul { margin: .2rem 0; padding-left: 1.2rem } li { margin: .25rem 0 } svg { display: block; width: 100%; min-width: 48rem; height: auto; margin: .4rem 0 } svg text { fill: var(--quiet); font: 11px system-ui, sans-serif } svg .ink { fill: var(--ink) } svg .bar { fill: var(--bar) } svg .broken { fill: var(--bad) } svg .frozen { fill: var(--warn); opacity: .16 } svg .line { stroke: var(--line) }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .85rem }
@media print { :root { color-scheme: light; font-size: 11px; --ink: #000; --quiet: #444; --line: #bbb; --page: #fff; --soft: #fff; --good: #14633a; --bad: #9a1f18; --warn: #704900; --bar: #3b6ea5 } body { padding: 0; max-width: none; font-size: 11px } table { font-size: .8rem } th, td { padding-right: .3rem } .n + td:not(.n), .n + th:not(.n) { padding-left: .3rem } .whole { white-space: normal; font-size: .68rem } .wide { overflow: visible } svg { min-width: 0 } h2, h3 { break-after: avoid } tr, svg, .verdict { break-inside: avoid } }
`

/** One file and nothing from elsewhere: the policy forbids even what a mistake here would ask for. */
export function page(title: string, body: readonly (Markup | null)[]): string {
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${new Markup(STYLE)}</style></head><body>
${body}
</body></html>
`.text
}

export interface Column {
  readonly title: string
  readonly isNumber?: boolean
}

type Cell = string | number | Markup | null | readonly (string | Markup)[]

const INSTANT = /(\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/

/** Null without rows. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): Markup | null {
  if (rows.length === 0) return null
  const kind = (column: Column | undefined): Markup | null => (column?.isNumber === true ? html` class="n"` : null)
  return html`<div class="wide"><table><thead><tr>${columns.map((column) => html`<th${kind(column)}>${column.title}</th>`)}</tr></thead><tbody>
${rows.map((row) => html`<tr>${row.map((cell, n) => html`<td${kind(columns[n])}>${shown(cell)}</td>`)}</tr>\n`)}</tbody></table></div>`
}

/** As wide as the page; on a narrow screen it is scrolled: letters that shrink with it could not be read. */
export function chart(drawing: Markup | null): Markup | null {
  return drawing === null ? null : html`<div class="wide">${drawing}</div>`
}

/** Instants are not broken at their hyphens. */
function shown(cell: Cell): Cell {
  if (typeof cell !== 'string') return cell
  return cell.split(INSTANT).map((part) => (INSTANT.test(part) ? html`<time>${part}</time>` : part))
}

export function section(title: string, ...content: readonly (Markup | null)[]): Markup | null {
  const shown = content.filter((part) => part !== null)
  return shown.length === 0 ? null : html`<h2>${title}</h2>${shown}`
}

/** Names with what is known of them; nothing is said of what is null or empty. */
export function facts(pairs: readonly (readonly [string, Cell])[]): Markup {
  return html`<dl>${pairs.filter(([, value]) => value !== null && value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${shown(value)}</dd>`)}</dl>`
}

export interface VerdictText {
  readonly tone: 'good' | 'warn' | 'bad'
  readonly headline: string
  readonly sentences: readonly string[]
}

export function verdict({ tone, headline, sentences }: VerdictText): Markup {
  return html`<div class="verdict ${tone}"><strong class="${tone}">${headline}</strong>${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>`
}
