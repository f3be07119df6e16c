import { formatDuration } from '../domain/durations.js'
import type { Progress, ProgressEvent } from '../observability/progress.js'
import { silent } from '../observability/progress.js'
import { counted, formatBytes } from './format.js'
import type { Clock, TerminalOutput } from './host.js'
import { describeProgress, renderFrame } from './progress-frame.js'
import { ProgressState } from './progress-state.js'
import type { StatusArea } from './status-area.js'
import { printable } from './style.js'
import type { Style } from './style.js'

export interface ProgressView extends Disposable {
  readonly progress: Progress
}

export interface ProgressViewOptions {
  readonly output: TerminalOutput
  readonly area: StatusArea
  readonly clock: Clock
  readonly style: Style
  /** False for --no-progress. */
  readonly isWanted: boolean
}

const REDRAW_EVERY_MS = 100
const LINE_EVERY_MS = 5000

/** How a command's progress is shown: drawn in place on a terminal, in plain lines elsewhere, not at all with --no-progress. */
export function createProgressView(options: ProgressViewOptions): ProgressView {
  if (!options.isWanted) return { progress: silent, [Symbol.dispose]: () => undefined }
  return options.output.isTTY ? liveView(options) : plainView(options)
}

/** Events only change the state; a timer draws it, so that a million events cost ten frames a second. */
function liveView({ output, area, clock, style }: ProgressViewOptions): ProgressView {
  const state = new ProgressState(clock.now())
  const stop = clock.every(REDRAW_EVERY_MS, () => {
    const maxTables = Math.max(1, Math.min(8, (output.rows ?? 24) - 6))
    area.draw(renderFrame(state, { nowMs: clock.now(), columns: output.columns ?? 80, maxTables, style }))
  })
  return {
    progress: (event) => {
      const isEnd = event.kind === 'phase' && event.state === 'done'
      if (isEnd && event.phase === state.phase) area.print(`${style.green('✓')} ${summary(event, state, clock.now())}\n`)
      state.apply(event, clock.now())
      if (isEnd) area.draw([])
    },
    [Symbol.dispose]: () => {
      stop()
      area.clear()
    },
  }
}

function plainView({ area, clock }: ProgressViewOptions): ProgressView {
  const state = new ProgressState(clock.now())
  let isNews = false
  const say = (text: string): void => area.print(`${text}\n`)
  const stop = clock.every(LINE_EVERY_MS, () => {
    if (isNews) say(`${state.phase === null ? '' : `${state.phase}: `}${describeProgress(state, clock.now()).replaceAll('  ', ', ')}`)
    isNews = false
  })
  return {
    progress: (event) => {
      const line = plainLine(event, state, clock.now())
      if (line !== null) say(line)
      if (event.kind === 'moved') isNews = true
      state.apply(event, clock.now())
    },
    [Symbol.dispose]: stop,
  }
}

/** What an event is worth on paper, told before the state takes it in; rows in motion are told by the timer. */
function plainLine(event: ProgressEvent, state: ProgressState, nowMs: number): string | null {
  const prefix = state.phase === null ? '' : `${state.phase}: `
  switch (event.kind) {
    case 'phase':
      // told twice, it is news once
      if ((event.phase === state.phase) === (event.state === 'started')) return null
      return event.state === 'started' ? `${event.phase}: started` : summary(event, state, nowMs)
    case 'total':
      return `${prefix}${counted(event.tables, 'table')}, ${counted(event.rows, 'row')} ahead`
    case 'table':
      return event.state === 'started' || event.rows === 0 ? null : `${prefix}${printable(event.table)} done${event.rows === null ? '' : `, ${counted(event.rows, 'row')}`}`
    case 'waiting':
      if (event.reason === (state.waiting?.reason ?? null)) return null
      return event.reason === null ? `${prefix}going on` : `${prefix}waiting: ${printable(event.reason)}`
    case 'step':
      return event.text === state.step ? null : `${prefix}${printable(event.text)}`
    case 'moved':
    case 'move':
      return null
  }
}

/** `copy: done in 12.3s, 1,234 rows, 345.0 MiB`. */
function summary(event: Extract<ProgressEvent, { readonly kind: 'phase' }>, state: ProgressState, nowMs: number): string {
  const moved = state.movedRows === 0 ? '' : `, ${counted(state.movedRows, 'row')}${state.movedBytes === 0 ? '' : `, ${formatBytes(state.movedBytes)}`}`
  return `${event.phase}: done in ${formatDuration(nowMs - state.phaseStartedMs)}${moved}`
}
