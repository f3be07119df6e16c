import { formatDuration } from '../../domain/durations.js'
import type { MoveReport, ReportDocument, TableFingerprint } from '../../domain/report.js'
import { counted, formatBytes, formatCount } from '../format.js'
import { bars, throughputChart, timeLine } from './charts.js'
import { findingsMarkup } from './findings.js'
import { embeddedJson, html } from './html.js'
import type { Markup } from './html.js'
import { chart, facts, page, section, table, verdict } from './page.js'
import type { VerdictText } from './page.js'

/** The report of a move as one file: the verdict first, then what it stands on; the JSON document is within, with its sum. */
export function movePage(document: ReportDocument, report: MoveReport): string {
  const { move } = report
  return page(`Move of organization ${move.org}: ${move.source} → ${move.target}`, [
    html`<h1>Organization ${move.org}: ${move.source} → ${move.target}</h1><p class="quiet">Move <code>${move.moveId}</code></p>`,
    verdict(verdictOf(report)),
    factsOf(report),
    section('Time line', chart(timeLine(report)), phasesOf(report)),
    section('Throughput', ...(['copy', 'verify', 'purge'] as const).map((phase) => chart(throughputChart(phase, report.throughput)))),
    section('Tables', chart(bars('rows by table', report.tables.map(({ schema, table: name, rowsVerified, rowsCopied }) => ({ name: `${schema}.${name}`, value: Math.max(rowsCopied, rowsVerified), text: counted(Math.max(rowsCopied, rowsVerified), 'row') })))), tablesOf(report)),
    section('Differences', differencesOf(report)),
    section('Findings', findingsMarkup(report.findings)),
    section('Decisions', table([{ title: 'What' }, { title: 'Where or by whom' }], report.decisions.map(({ what, detail }) => [what, detail]))),
    section('Secrets', secretsOf(report)),
    section('Outside of PostgreSQL', participantsOf(report), hooksOf(report)),
    section('Waits', table([{ title: 'Phase' }, { title: 'For' }, { title: 'Seconds', isNumber: true }], report.waits.map(({ phase, reason, seconds }) => [phase, reason, seconds]))),
    section('Servers', serversOf(report)),
    section('Who did what', table([{ title: 'When' }, { title: 'Who' }, { title: 'Command' }, { title: 'What' }, { title: '' }], report.events.map(({ at, who, command, kind, detail }) => [at, who, command, kind, kind === 'waited' ? '' : html`<code>${JSON.stringify(detail)}</code>`]))),
    section('What the mover made on the cells', table([{ title: 'Cell' }, { title: 'Database' }, { title: 'What' }, { title: 'Removed' }], report.created.map(({ cell, database, kind, name, removedAt }) => [cell, database, `${kind} ${name}`, removedAt ?? 'still there']))),
    section('Not moved', table([{ title: 'What' }, { title: 'Why' }], report.notMoved.map(({ what, why }) => [what, why]))),
    html`<footer>Written ${report.generatedAt} by org-mover ${report.generatedBy} from the journal alone.<br>SHA-256 of the document <code id="sha256">${document.sha256 ?? ''}</code>, over the compact JSON of <code>report</code> (<code>org-mover report ${move.moveId} --format json | jq -cj .report | sha256sum</code>).</footer>`,
    embeddedJson('document', document),
  ])
}

function verdictOf({ move, verification, lastError, tables }: MoveReport): VerdictText {
  const proof = verification.verdict === 'equal' ? `${counted(verification.rows, 'row')} of ${counted(verification.tables, 'table')} were read again on both sides and are equal.` : `Verification: ${verification.verdict.replaceAll('_', ' ')}${verification.verdict === 'different' ? ` (${verification.missing} missing, ${verification.extraneous} extraneous, ${verification.mismatching} mismatching)` : ''}.`
  const frozen = move.frozenSeconds === null ? [] : [`Frozen for ${formatDuration(move.frozenSeconds * 1000)}${move.maxWindowSeconds === null ? '' : ` of ${formatDuration(move.maxWindowSeconds * 1000)} allowed`}.`]
  const stopped = lastError === null ? [] : [`${lastError.code}: ${lastError.message}`, asSentence(lastError.hint)]
  const purged = tables.reduce((sum, { rowsPurged }) => sum + rowsPurged, 0)
  switch (move.state) {
    case 'completed':
      return { tone: 'good', headline: `Moved, proven equal, and purged from ${move.source}`, sentences: [proof, ...frozen, `${counted(purged, 'row')} were deleted on ${move.source}.`] }
    case 'cut_over':
    case 'purging':
      return { tone: lastError === null ? 'good' : 'warn', headline: `Moved and proven equal; ${move.target} serves the organization`, sentences: [proof, ...frozen, `${move.source} keeps its rows, fenced, until ${move.retentionUntil ?? 'the purge'}.`, ...stopped] }
    case 'aborted':
      return { tone: 'warn', headline: `Taken back: ${move.source} serves the organization as before`, sentences: [...stopped, proof, ...frozen] }
    case 'aborting':
      return { tone: 'bad', headline: 'Being taken back; not finished', sentences: [...stopped, ...frozen] }
    default:
      return { tone: move.state === 'failed' ? 'bad' : 'warn', headline: `Not finished: ${move.state}${move.phase === null ? '' : `, in ${move.phase}`}`, sentences: [...stopped, proof, ...frozen] }
  }
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function factsOf({ move, tables }: MoveReport): Markup {
  return facts([
    ['Begun', `${move.createdAt} by ${move.createdBy}`],
    ['Frozen', move.frozenAt === null ? null : `${move.frozenAt} to ${move.thawedAt ?? 'now'}`],
    ['Estimated', move.estimate?.windowSeconds == null ? null : `${formatDuration(move.estimate.windowSeconds * 1000)}: ${move.estimate.basis}`],
    ['Route flipped', move.cutOverAt === null ? null : `${move.cutOverAt}${move.routeEpochAfter === null ? '' : `, epoch ${move.routeEpochBefore ?? '?'} → ${move.routeEpochAfter}`}`],
    ['Ended', move.endedAt],
    ['Copied', `${counted(tables.reduce((sum, one) => sum + one.rowsCopied, 0), 'row')}, ${formatBytes(move.bytesCopied)}`],
    ['Repairs', move.repairs === 0 ? null : move.repairs],
    ['Fence', move.fence === null || (move.fence.source === 'none' && move.fence.target === 'none') ? null : `${move.source}: ${move.fence.source}; ${move.target}: ${move.fence.target}`],
    ['Next', move.next === null ? null : html`<code>${move.next}</code>`],
  ])
}

function phasesOf({ phases }: MoveReport): Markup | null {
  return table(
    [{ title: 'Phase' }, { title: 'Began' }, { title: 'Took', isNumber: true }, { title: 'Outcome' }, { title: 'Run by' }, { title: 'Version' }],
    phases.map(({ phase, startedAt, seconds, outcome, driver, version }) => [phase, startedAt, formatDuration(seconds * 1000), outcome ?? 'under way', driver, version]),
  )
}

function tablesOf({ tables }: MoveReport): Markup | null {
  const shown = tables.filter((one) => one.chunks > 0 || one.rowsCopied > 0)
  const empty = tables.length - shown.length
  const numbers = ['Copied', 'Verified', 'Purged', 'Size', 'Source rows', 'Target rows'].map((title) => ({ title, isNumber: true }))
  const rows = shown.map((one) => [
    one.database,
    `${one.schema}.${one.table}`,
    one.class,
    ...[one.rowsCopied, one.rowsVerified, one.rowsPurged].map(formatCount),
    formatBytes(one.bytes),
    one.source === null ? '' : formatCount(one.source.rows),
    one.target === null ? '' : formatCount(one.target.rows),
    one.isEqual === null ? html`<span class="warn">not compared</span>` : one.isEqual ? html`<span class="good">equal</span>` : html`<span class="bad">different</span>`,
    html`${digest(one.source)}${one.isEqual === false ? html`<br>${digest(one.target)}` : null}`,
  ])
  const listed = table([{ title: 'Database' }, { title: 'Table' }, { title: 'Class' }, ...numbers, { title: 'Verdict' }, { title: 'Fingerprint' }], rows)
  return html`${listed}${empty === 0 ? null : html`<p class="quiet">${counted(empty, 'table')} without a row of the organization.</p>`}<p class="quiet">Fingerprints are of this move alone: their seeds come from its id. One is shown where both sides have the same.</p>`
}

function digest(fingerprint: TableFingerprint | null): Markup | null {
  return fingerprint === null ? null : html`<code class="whole">${fingerprint.digest}</code>`
}

function differencesOf({ verification }: MoveReport): Markup | null {
  const keys = (row: Readonly<Record<string, string | null>>): string => Object.entries(row).map(([column, value]) => `${column}=${value ?? 'NULL'}`).join(' ') || 'in number alone: no key explains it'
  return table([{ title: 'Kind' }, { title: 'Table' }, { title: 'Row' }, { title: 'Columns' }], verification.examples.map(({ kind, schema, table: name, primaryKey, columns }) => [kind, `${schema}.${name}`, keys(primaryKey), columns.join(', ')]))
}

function secretsOf({ secrets }: MoveReport): Markup | null {
  const number = (title: string) => ({ title, isNumber: true })
  return table(
    [{ title: 'Side' }, { title: 'Column' }, number('Values'), { title: 'By key version' }, number('In the clear'), number('Unreadable')],
    secrets.map((one) => [one.side, `${one.database} ${one.schema}.${one.table}.${one.column}`, formatCount(one.values), Object.entries(one.keys).map(([key, count]) => `${key}: ${formatCount(count)}`).join(', '), one.clear, one.unreadable]),
  )
}

function participantsOf({ participants }: MoveReport): Markup | null {
  return table(
    [{ title: 'Participant' }, { title: 'Verb' }, { title: 'Began' }, { title: 'Took', isNumber: true }, { title: 'Outcome' }, { title: 'Attempts', isNumber: true }, { title: 'Runs', isNumber: true }, { title: 'What it told' }],
    participants.map((one) => [one.participant, one.verb, one.startedAt, formatDuration(one.seconds * 1000), one.state === 'running' ? 'under way' : one.state, one.attempts, one.run, one.error ?? Object.entries(one.facts).map(([name, value]) => `${name}: ${value}`).join(', ')]),
  )
}

function hooksOf({ hooks }: MoveReport): Markup | null {
  return table(
    [{ title: 'Hook' }, { title: 'What' }, { title: 'Ended' }, { title: 'Took', isNumber: true }, { title: 'Serving' }, { title: 'Outcome' }],
    hooks.map((one) => [`${one.moment} ${one.position}`, one.hook, one.at, formatDuration(one.seconds * 1000), one.serving, one.readings === null ? one.outcome : `${one.outcome}, ${counted(one.readings, 'reading')}`]),
  )
}

function serversOf({ servers, move }: MoveReport): Markup | null {
  return table(
    ['Cell', 'Database', 'PostgreSQL', 'System identifier', 'Timeline', 'LSN at freeze', 'LSN at cutover'].map((title) => ({ title })),
    servers.map(({ side, database, version, systemIdentifier, timeline, lsnAtFreeze, lsnAtCutover }) => [side === 'source' ? move.source : move.target, database, version, systemIdentifier, timeline, lsnAtFreeze, lsnAtCutover]),
  )
}
