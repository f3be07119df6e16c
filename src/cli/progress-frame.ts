import { formatDuration } from '../domain/durations.js'
import { counted, formatBytes, formatCount } from './format.js'
import type { ProgressState } from './progress-state.js'
import { clip, printable } from './style.js'
import type { Style } from './style.js'

export interface FrameOptions {
  readonly nowMs: number
  readonly columns: number
  readonly maxTables: number
  readonly style: Style
}

/** The lines of the live display, none longer than the terminal is wide: a wrapped line could not be taken back. */
export function renderFrame(state: ProgressState, options: FrameOptions): readonly string[] {
  const { nowMs, style } = options
  if (!state.isBusy) return []
  const width = Math.max(20, options.columns - 1)
  const running = state.tablesUnderWay(nowMs)
  const tables = running.slice(0, options.maxTables).map(([name, table]) => style.dim(clip(`  ${tableLine(name, table)}`, width)))
  const more = running.length - tables.length
  return [
    headline(state, options, width),
    ...tables,
    ...(more > 0 ? [style.dim(`  … and ${more} more`)] : []),
    ...(state.step === null ? [] : [style.dim(clip(`  ${printable(state.step)}`, width))]),
    ...(state.waiting === null ? [] : [style.yellow(clip(`  waiting ${formatDuration(nowMs - state.waiting.sinceMs)}: ${printable(state.waiting.reason)}`, width))]),
  ]
}

/** The bar takes what the figures leave, at least ten cells; figures that do not fit are cut from the end. */
function headline(state: ProgressState, { nowMs, style }: FrameOptions, width: number): string {
  const phase = (state.phase ?? 'working').padEnd(8)
  const facts = describeProgress(state, nowMs)
  const fraction = state.fraction()
  const barWidth = fraction === null || width < 60 ? 0 : Math.max(10, Math.min(30, width - phase.length - facts.length - 2))
  const bar = fraction === null || barWidth === 0 ? '' : `${'█'.repeat(Math.round(fraction * barWidth)).padEnd(barWidth, '░')} `
  return `${style.bold(phase)} ${style.cyan(bar)}${clip(facts, width - phase.length - bar.length - 1)}`
}

/** `52%  ETA 45.0s  1,234/2,345 rows  345.0 MiB  12.3 MiB/s  3/84 tables`; the time alone where no rows move. */
export function describeProgress(state: ProgressState, nowMs: number): string {
  const elapsed = wholeSeconds(nowMs - state.phaseStartedMs)
  if (state.movedRows === 0 && state.movedBytes === 0) return elapsed
  const { movedRows, movedBytes, totalRows, totalTables } = state
  const fraction = state.fraction()
  const rate = state.rate(nowMs)
  const remainingMs = state.remainingMs(nowMs)
  return [
    fraction === null ? '' : `${Math.floor(fraction * 100)}%`,
    remainingMs === null ? elapsed : `ETA ${wholeSeconds(remainingMs)}`,
    totalRows === null ? counted(movedRows, 'row') : `${formatCount(movedRows)}/${counted(totalRows, 'row')}`,
    movedBytes === 0 ? '' : formatBytes(movedBytes),
    rate === null ? '' : rate.bytes === 0 ? `${formatCount(rate.rows)} rows/s` : `${formatBytes(rate.bytes)}/s`,
    totalTables === null || !state.hasTableEvents ? '' : `${formatCount(state.tablesDone)}/${counted(totalTables, 'table')}`,
  ]
    .filter((part) => part !== '')
    .join('  ')
}

/** Tenths would flicker. */
function wholeSeconds(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000)
  return seconds < 60 ? `${seconds}s` : formatDuration(seconds * 1000)
}

function tableLine(name: string, { rows, total }: { readonly rows: number; readonly total: number | null }): string {
  if (total === null || total <= 0) return `${printable(name)}  ${counted(rows, 'row')}`
  return `${printable(name)}  ${Math.floor(Math.min(1, rows / total) * 100)}%  ${formatCount(rows)}/${counted(total, 'row')}`
}
