import type { ListDocument, MoveDocument, MoveSummary, MovedTable, Verification } from '../domain/documents.js'
import { formatDuration } from '../domain/durations.js'
import type { MoveState } from '../domain/vocabulary.js'
import { counted, formatBytes, formatCount } from './format.js'
import { blankBefore } from './render-catalog.js'
import { describeRow, renderFindings } from './render-findings.js'
import { printable, widthOf } from './style.js'
import type { Style } from './style.js'
import { fittingTable, textTable } from './text-table.js'
import { wrapped } from './wrap.js'
import type { Widths } from './wrap.js'

const MAX_DIFFERENCES = 20

export function renderMove(document: MoveDocument, style: Style, { prose, tables }: Widths): readonly string[] {
  const findings = renderFindings(document.findings, style, { width: prose, most: Number.POSITIVE_INFINITY })
  // of a command that was refused its id at most is known: the error tells the rest
  if (document.state === null) return findings
  const timings = document.timings.map(({ phase, seconds }) => `${phase} ${formatDuration(seconds * 1000)}`).join(', ')
  const facts: readonly (readonly [string, string])[] = [
    ['move', document.moveId ?? ''],
    ['organization', printable(`${document.org ?? '?'}: ${document.source ?? '?'} → ${document.target ?? '?'}`)],
    ['state', `${renderState(document.state, style)}${document.phase === null ? '' : ` (${document.phase})`}${document.state === 'aborted' ? printable(`: nothing of it is left on ${document.target ?? '?'}, ${document.source ?? '?'} serves`) : ''}`],
    ['verification', renderVerdict(document.verification, style)],
    ['secrets', renderSecrets(document.secrets)],
    ['time', timings],
    ['frozen for', renderFrozen(document)],
    ['fence', renderFence(document, style)],
    ['retention', renderRetention(document)],
    ['driver', renderLease(document, style)],
    ['pause', document.pauseRequested === null ? '' : style.yellow(`asked for by ${printable(document.pauseRequested.by)}; comes at the next chunk or phase`)],
    ['waiting', document.waiting === null ? '' : style.yellow(printable(document.waiting))],
    ['progress', renderProgress(document)],
    ['throttle', renderThrottle(document.throttle)],
    ['copied', document.bytesCopied === 0 ? '' : formatBytes(document.bytesCopied)],
  ]
  return [
    ...facts.filter(([, value]) => value !== '').flatMap(([name, value]) => wrapped(value, prose, 14).map((line, index) => (index === 0 ? `${style.dim(name.padEnd(12))}  ${line}` : line))),
    ...blankBefore(renderTables(document.tables, style)),
    ...blankBefore(renderParticipants(document.participants, style, tables)),
    ...blankBefore(renderDifferences(document.verification, style)),
    ...blankBefore(findings),
  ]
}

/** Against the limit, and where there is none, against the estimate. */
function renderFrozen({ frozenSeconds, window }: MoveDocument): string {
  if (frozenSeconds === null) return ''
  const limit = window?.maxSeconds ?? null
  const estimate = window?.estimateSeconds ?? null
  const against = limit !== null ? ` of ${formatDuration(limit * 1000)} (${Math.round((frozenSeconds / limit) * 100)}% of --max-window)` : estimate === null ? '' : ` (estimated: ${formatDuration(estimate * 1000)})`
  return `${formatDuration(frozenSeconds * 1000)}${against}`
}

const FENCE_WORDS = { none: 'lets writes pass', setting: 'is being fenced', rejects: 'rejects writes', lifting: 'is being freed' } as const

function renderFence({ fence, source, target }: MoveDocument, style: Style): string {
  if (fence === null || (fence.source === 'none' && fence.target === 'none')) return ''
  return ([[source, fence.source], [target, fence.target]] as const).map(([cell, state]) => `${printable(cell ?? '?')} ${state === 'none' ? FENCE_WORDS.none : style.yellow(FENCE_WORDS[state])}`).join(', ')
}

function renderLease({ lease }: MoveDocument, style: Style): string {
  if (lease === null) return ''
  const heard = `heard of ${lease.heardSecondsAgo} s ago`
  return `${printable(lease.holder)}, ${lease.isAlive ? `${heard}, may be taken for dead in ${lease.secondsLeft} s` : style.red(`${heard}: its lease is over, another process may resume`)}`
}

function renderRetention({ retainedUntil, source }: MoveDocument): string {
  return retainedUntil === null ? '' : `${printable(source ?? 'the source')} keeps the rows, fenced, until ${retainedUntil.slice(0, 16).replace('T', ' ')} UTC`
}

function renderProgress({ progress }: MoveDocument): string {
  if (progress === null) return ''
  const { rowsDone, rowsTotal, rowsPerSecond, bytesPerSecond, etaSeconds } = progress
  return [
    `${formatCount(rowsDone)}/${counted(rowsTotal, 'row')}`,
    ...(rowsTotal > 0 ? [`${Math.floor((Math.min(rowsDone, rowsTotal) / rowsTotal) * 100)}%`] : []),
    // a chunk counts when it is done, and a slow one takes a while
    ...(rowsPerSecond === 0 ? ['no chunk done lately'] : [`${formatCount(rowsPerSecond)} rows/s`, ...(bytesPerSecond === null ? [] : [`${formatBytes(bytesPerSecond)}/s`])]),
    ...(etaSeconds === null ? [] : [`ETA ${formatDuration(etaSeconds * 1000)}`]),
  ].join(', ')
}

/** What is waited for stands in a line of its own. */
function renderThrottle(throttle: MoveDocument['throttle']): string {
  if (throttle === null) return ''
  const { maxBytesPerSecond, paused } = throttle
  return [maxBytesPerSecond === null ? '' : `${formatBytes(maxBytesPerSecond)}/s`, paused ? 'paused' : ''].filter((text) => text !== '').join(', ')
}

/** Of the side that was looked at last: what is on the target once it was verified, before that what was opened on the source. */
function renderSecrets(secrets: MoveDocument['secrets']): string {
  const onTarget = secrets.filter(({ side }) => side === 'target')
  const shown = onTarget.length > 0 ? onTarget : secrets
  if (shown.length === 0) return ''
  const versions = [...new Set(shown.flatMap(({ keys }) => Object.keys(keys)))].sort()
  const unread = shown.reduce((sum, { clear, unreadable }) => sum + clear + unreadable, 0)
  const values = counted(shown.reduce((sum, one) => sum + one.values, 0), 'value')
  return `${values} of ${counted(shown.length, 'column')} ${onTarget.length > 0 ? 'read on the target' : 'opened on the source'} with key version ${versions.join(', ')}${unread === 0 ? '' : `; ${unread} passed as they are`}`
}

export function renderList(document: ListDocument, style: Style, { tables: width }: Widths): readonly string[] {
  if (document.moves.length === 0) return ['no moves']
  const columns = ['MOVE', 'ORGANIZATION', 'FROM', 'TO', 'STATE', 'PHASE', 'VERIFICATION'].map((title) => ({ title }))
  const rowsWith = (ids: readonly string[]): readonly (readonly string[])[] => document.moves.map((move, index) => [
    ids[index] ?? '',
    printable(move.org ?? ''),
    printable(move.source ?? ''),
    printable(move.target ?? ''),
    renderState(move.state, style),
    move.phase ?? '',
    move.verification.verdict === 'not_run' ? '' : move.verification.verdict,
  ])
  const ids = document.moves.map(({ moveId }) => moveId ?? '')
  const lines = textTable(columns, rowsWith(ids), style.dim)
  if (Math.max(...lines.map(widthOf)) <= width) return lines
  return fittingTable(columns, rowsWith(shortened(ids)), { width, dispensable: ['VERIFICATION', 'PHASE'], title: style.dim })
}

const PREFIX = '0197f3a2-1b2c'.length

/** A prefix of an id will do for every command as long as it is the only one; this much of it is its millisecond. */
function shortened(ids: readonly string[]): readonly string[] {
  const short = ids.map((id) => id.slice(0, PREFIX))
  return new Set(short).size === ids.length ? short : ids
}

function renderState(state: MoveSummary['state'], style: Style): string {
  if (state === null) return ''
  const good: readonly MoveState[] = ['cut_over', 'completed', 'aborted']
  return state === 'failed' ? style.red(state) : good.includes(state) ? style.green(state) : style.yellow(state)
}

function renderVerdict(verification: Verification, style: Style): string {
  const seen = `${counted(verification.rows, 'row')} of ${counted(verification.tables, 'table')}`
  switch (verification.verdict) {
    case 'equal':
      return `${style.green('equal')}: ${seen}`
    case 'different':
      return `${style.red('different')}: ${verification.missing} missing, ${verification.extraneous} extraneous, ${verification.mismatching} mismatching; ${seen}`
    case 'incomplete':
      return `${style.yellow('incomplete')}: ${seen}`
    case 'not_run':
      return 'not run'
  }
}

function renderTables(tables: readonly MovedTable[], style: Style): readonly string[] {
  const shown = tables.filter((table) => (table.rowsPlanned ?? 0) > 0 || table.rowsCopied > 0 || table.rowsPurged > 0 || table.state === 'running')
  if (shown.length === 0) return []
  const number = (title: string) => ({ title, align: 'right' }) as const
  const columns = [{ title: 'DATABASE' }, { title: 'TABLE' }, number('PLANNED'), number('COPIED'), number('VERIFIED'), number('PURGED'), { title: 'STATE' }]
  const hasPurged = shown.some((table) => table.rowsPurged > 0)
  const rows = shown.map((table) => [
    printable(table.database),
    printable(`${table.schema}.${table.table}`),
    table.rowsPlanned === null ? '' : formatCount(table.rowsPlanned),
    formatCount(table.rowsCopied),
    formatCount(table.rowsVerified),
    hasPurged ? formatCount(table.rowsPurged) : '',
    table.state,
  ])
  const empty = tables.length - shown.length
  return [...textTable(columns, rows, style.dim), ...(empty === 0 ? [] : [style.dim(`(${counted(empty, 'table')} without rows)`)])]
}

function renderParticipants(runs: MoveDocument['participants'], style: Style, width: number): readonly string[] {
  if (runs.length === 0) return []
  const columns = [{ title: 'PARTICIPANT' }, { title: 'VERB' }, { title: 'STATE' }, { title: 'TIME', align: 'right' as const }, { title: 'FACTS' }]
  const rows = runs.map(({ participant, verb, state, seconds, facts, error, attempts }) => [
    printable(participant),
    verb,
    state === 'failed' ? style.red(state) : state,
    formatDuration(seconds * 1000),
    printable([...Object.entries(facts).map(([name, value]) => `${name} ${value}`), ...(attempts > 1 ? [`attempts ${attempts}`] : []), ...(error === null ? [] : [error])].join(', ')),
  ])
  return textTable(columns, rows, style.dim, width)
}

function renderDifferences({ examples }: Verification, style: Style): readonly string[] {
  if (examples.length === 0) return []
  const lines = examples.slice(0, MAX_DIFFERENCES).map(({ schema, table, primaryKey, kind, columns }) => {
    const named = columns.length === 0 ? '' : ` in ${columns.join(', ')}`
    return `  ${style.red(kind.padEnd(11))} ${printable(`${schema}.${table}`)} ${describeRow(primaryKey)}${printable(named)}`
  })
  return [style.bold('Differences'), ...lines, ...(examples.length > MAX_DIFFERENCES ? [`  … and ${examples.length - MAX_DIFFERENCES} more`] : [])]
}
