import { formatDuration } from '../../domain/durations.js'
import type { MoveReport, Throughput } from '../../domain/report.js'
import { formatBytes, formatCount } from '../format.js'
import { html } from './html.js'
import type { Markup } from './html.js'

/** Charts as inline SVG, drawn in the page's own colours, so that they print and darken with it. */

const WIDTH = 960
const LABELS = 90

/** Each run of a phase as a bar over the time of the move; the time frozen behind them. Rests are cut short: days of retention would hide the minutes. */
export function timeLine({ phases, move }: Pick<MoveReport, 'phases' | 'move'>): Markup | null {
  const runs = phases.filter(({ phase }) => phase !== 'purge').map((run) => ({ ...run, from: Date.parse(run.startedAt), to: Date.parse(run.startedAt) + run.seconds * 1000 }))
  if (runs.length === 0) return null
  const from = Math.min(...runs.map((run) => run.from))
  const to = Math.max(from + 1, ...runs.map((run) => run.to))
  const x = (ms: number): number => round(LABELS + ((Math.min(Math.max(ms, from), to) - from) / (to - from)) * (WIDTH - LABELS - 70))
  const names = [...new Set(runs.map(({ phase }) => phase))]
  const height = names.length * 24 + 26
  const frozen = move.frozenAt === null ? null : html`<rect class="frozen" x="${x(Date.parse(move.frozenAt))}" y="0" width="${round(Math.max(1, x(Date.parse(move.thawedAt ?? new Date(to).toISOString())) - x(Date.parse(move.frozenAt))))}" height="${height - 20}"><title>frozen</title></rect>`
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="time line by phase">${frozen}
${runs.map((run) => {
  const y = names.indexOf(run.phase) * 24
  return html`<rect class="${run.outcome === 'failed' ? 'bar broken' : 'bar'}" x="${x(run.from)}" y="${y + 4}" width="${round(Math.max(2, x(run.to) - x(run.from)))}" height="14" rx="2"><title>${run.phase}: ${formatDuration(run.seconds * 1000)}, ${run.outcome ?? 'under way'}</title></rect><text class="ink" x="${x(run.to) + 6}" y="${y + 15}">${formatDuration(run.seconds * 1000)}</text>`
})}
${names.map((name, n) => html`<text class="ink" x="0" y="${n * 24 + 15}">${name}</text>`)}
<line class="line" x1="${LABELS}" x2="${WIDTH}" y1="${height - 20}" y2="${height - 20}"/><text x="${LABELS}" y="${height - 6}">${new Date(from).toISOString()}</text><text x="${WIDTH}" y="${height - 6}" text-anchor="end">+ ${formatDuration(to - from)}${move.frozenAt === null ? '' : '; shaded: frozen'}</text></svg>`
}

/** Rows a second over the time of one phase. */
export function throughputChart(phase: string, parts: readonly Throughput[]): Markup | null {
  const own = parts.filter((part) => part.phase === phase).map((part) => ({ end: Date.parse(part.at), ...part }))
  if (own.length === 0) return null
  const from = Math.min(...own.map((part) => part.end - part.seconds * 1000))
  const to = Math.max(from + 1, ...own.map((part) => part.end))
  const rates = own.map((part) => part.rows / Math.max(0.001, part.seconds))
  const peak = Math.max(1, ...rates)
  const x = (ms: number): number => round(LABELS + ((ms - from) / (to - from)) * (WIDTH - LABELS))
  const rows = own.reduce((sum, part) => sum + part.rows, 0)
  const bytes = own.reduce((sum, part) => sum + part.bytes, 0)
  return html`<svg viewBox="0 0 ${WIDTH} 130" role="img" aria-label="rows per second of ${phase}"><text class="ink" x="0" y="14">${phase}</text><text x="0" y="32">${formatCount(peak)} rows/s</text><text x="0" y="108">0</text>
${own.map((part, n) => {
  const height = round(((rates[n] ?? 0) / peak) * 96)
  const left = x(part.end - part.seconds * 1000)
  return html`<rect class="bar" x="${left}" y="${round(108 - height)}" width="${round(Math.max(1.5, x(part.end) - left - 1))}" height="${height}"><title>${formatCount(part.rows)} rows in ${formatDuration(part.seconds * 1000)}</title></rect>`
})}
<line class="line" x1="${LABELS}" x2="${WIDTH}" y1="108" y2="108"/><text x="${LABELS}" y="125">${formatCount(rows)} rows${bytes === 0 ? '' : `, ${formatBytes(bytes)}`}</text><text x="${WIDTH}" y="125" text-anchor="end">${formatDuration(to - from)}</text></svg>`
}

export interface BarOf {
  readonly name: string
  readonly value: number
  readonly text: string
}

/** The biggest of something, as bars. */
export function bars(label: string, all: readonly BarOf[], most = 12): Markup | null {
  const shown = all.filter(({ value }) => value > 0).toSorted((a, b) => b.value - a.value).slice(0, most)
  if (shown.length === 0) return null
  const peak = shown[0]?.value ?? 1
  return html`<svg viewBox="0 0 ${WIDTH} ${shown.length * 22 + 4}" role="img" aria-label="${label}">${shown.map(
    ({ name, value, text }, n) =>
      html`<text class="ink" x="0" y="${n * 22 + 15}">${short(name)}</text><rect class="bar" x="330" y="${n * 22 + 4}" width="${round(Math.max(1, (value / peak) * 470))}" height="14" rx="2"><title>${name}</title></rect><text x="${round(336 + Math.max(1, (value / peak) * 470))}" y="${n * 22 + 15}">${text}</text>`,
  )}</svg>`
}

function short(name: string): string {
  const letters = [...name]
  return letters.length <= 48 ? name : `${letters.slice(0, 47).join('')}…`
}

function round(amount: number): number {
  return Math.round(amount * 10) / 10
}
