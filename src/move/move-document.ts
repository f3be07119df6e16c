import { NOT_VERIFIED } from '../domain/documents.js'
import type { MoveDocument, MoveSummary } from '../domain/documents.js'
import type { SecretCount } from '../domain/secret-count.js'
import { PHASES } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { listParticipants } from './journal-participants.js'
import { listPhaseRuns } from './journal-phases.js'
import type { PhaseRun } from './journal-phases.js'
import { listTables } from './journal-tables.js'
import { loadMove } from './journal.js'
import { headingOf } from './move-row.js'
import type { MoveHead, MoveRow } from './move-row.js'
import { frozenSecondsOf, progressOf, standingOf } from './move-standing.js'
import { throttleDocument } from './throttle.js'

/** The document of a move as the journal has it now. */
export async function moveDocument(session: Session, moveId: string): Promise<MoveDocument> {
  const [row, tables, runs, participants] = [await loadMove(session, moveId), await listTables(session, moveId), await listPhaseRuns(session, moveId), await listParticipants(session, moveId)]
  return {
    ...moveSummary(row, runs),
    throttle: await throttleDocument(session, row.id, isDriven(row)),
    next: waitingFor(row) ?? nextOf(row, runs),
    progress: await progressOf(session, row),
    secrets: isCounts(row.manifest['secrets']) ? row.manifest['secrets'] : [],
    participants: participants.map(({ participant, verb, state, attempts, seconds, facts, error }) => ({ participant, verb, state, attempts, seconds: round(seconds), facts: Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)])), error })),
    tables: tables.map(({ database, schema, table, rowsPlanned, rowsCopied, rowsVerified, rowsPurged, state }) => ({ database, schema, table, rowsPlanned, rowsCopied, rowsVerified, rowsPurged, state })),
  }
}

function isCounts(value: unknown): value is readonly SecretCount[] {
  return Array.isArray(value)
}

function isDriven({ state, leaseUntil }: MoveRow): boolean {
  return (state === 'running' || state === 'purging') && leaseUntil !== null && leaseUntil > new Date()
}

/** What a move whose secrets travel sealed rests for. */
function waitingFor({ id, state, manifest }: MoveRow): string | null {
  if (state === 'aborting' || state === 'aborted') return null
  if (manifest['awaits'] === 'seal') return `org-mover secrets seal ${id}`
  return manifest['awaits'] === 'open' ? `org-mover secrets open ${id} --private-key FILE` : null
}

export function moveSummary(row: MoveHead, runs: readonly PhaseRun[]): MoveSummary {
  return {
    ...headingOf(row),
    verification: { ...NOT_VERIFIED, ...row.verification },
    timings: timingsOf(runs),
    frozenSeconds: frozenSecondsOf(row),
    bytesCopied: row.bytesCopied,
    findings: row.findings,
    error: row.error,
    next: nextOf(row, runs),
    ...standingOf(row, runs),
  }
}

/** Seconds by phase over all processes that ran it. */
function timingsOf(runs: readonly PhaseRun[]): MoveSummary['timings'] {
  return PHASES.flatMap((phase) => {
    const own = runs.filter((run) => run.phase === phase)
    return own.length === 0 ? [] : [{ phase, seconds: round(own.reduce((sum, run) => sum + run.seconds, 0)) }]
  })
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}

function nextOf(row: MoveHead, runs: readonly PhaseRun[]): string | null {
  switch (row.state) {
    case 'completed':
      return null
    case 'aborted':
      return row.error === null ? null : `org-mover plan --org ${word(row.org)} --to ${word(row.target)} --from ${word(row.source)}`
    case 'cut_over':
    case 'purging':
      // what follows the flip itself may still be open
      return runs.some((run) => run.phase === 'cutover' && run.outcome === 'done') ? `org-mover purge ${row.id}` : `org-mover resume ${row.id}`
    case 'aborting':
      return `org-mover abort ${row.id}`
    default:
      // who is at work is watched, not resumed
      return (row.leaseSecondsLeft ?? 0) > 0 ? `org-mover status ${row.id} --watch` : `org-mover resume ${row.id}`
  }
}

function word(text: string): string {
  return /^[\w.@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
