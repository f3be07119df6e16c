import type { FenceState, MoveSummary, Progressing } from '../domain/documents.js'
import type { Phase } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { PhaseRun } from './journal-phases.js'
import { countOf } from './move-row.js'
import type { MoveHead } from './move-row.js'

/** Where a move stands for those who watch it from any machine: all of it from the journal, nothing asked of a cell. */

type Standing = Pick<MoveSummary, 'createdAt' | 'createdBy' | 'lease' | 'fence' | 'window' | 'waiting' | 'pauseRequested' | 'retainedUntil'>

export function standingOf(row: MoveHead, runs: readonly PhaseRun[]): Standing {
  const { leaseHolder, leaseSecondsLeft, pauseRequested, activity } = row
  return {
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    lease: leaseHolder === null ? null : { holder: leaseHolder, isAlive: (leaseSecondsLeft ?? 0) > 0, heardSecondsAgo: Math.round(row.heardSeconds), secondsLeft: Math.round(leaseSecondsLeft ?? 0) },
    fence: fenceOf(row, runs),
    window: { maxSeconds: row.maxWindowMs === null ? null : row.maxWindowMs / 1000, estimateSeconds: row.estimate?.windowSeconds ?? null, frozenSeconds: frozenSecondsOf(row) },
    waiting: leaseHolder === null ? null : (activity?.waiting ?? null),
    retainedUntil: row.state === 'cut_over' || row.state === 'purging' ? (row.retentionUntil?.toISOString() ?? null) : null,
    pauseRequested: pauseRequested === null ? null : { at: pauseRequested.at.toISOString(), by: pauseRequested.by },
  }
}

/** By the control server's clock, up to the thaw. */
export function frozenSecondsOf({ frozenSeconds }: MoveHead): number | null {
  return frozenSeconds === null ? null : Math.round(frozenSeconds * 1000) / 1000
}

function fenceOf({ state, frozenAt, thawedAt, cutOverAt }: MoveHead, runs: readonly PhaseRun[]): { readonly source: FenceState; readonly target: FenceState } {
  const isDone = (phase: Phase): boolean => runs.some((run) => run.phase === phase && run.outcome === 'done')
  const both = (one: FenceState): { readonly source: FenceState; readonly target: FenceState } => ({ source: one, target: one })
  if (frozenAt === null || state === 'completed' || state === 'aborted') return both('none')
  if (cutOverAt !== null) return { source: 'rejects', target: isDone('cutover') ? 'none' : 'rejects' }
  if (state === 'aborting') return { source: thawedAt === null ? 'lifting' : 'none', target: 'lifting' }
  return both(isDone('freeze') ? 'rejects' : 'setting')
}

/** How fast the phase under way goes; null where none that moves rows runs. */
export async function progressOf(session: Session, { id, phase, leaseHolder }: MoveHead): Promise<Progressing | null> {
  if (leaseHolder === null || (phase !== 'copy' && phase !== 'verify' && phase !== 'purge')) return null
  const [found] = await session.rows<{ rows: string; bytes: string; seconds: number; done: string; total: string }>(sql('journal/rates'), [id, phase])
  if (found === undefined) return null
  const rowsPerSecond = found.seconds > 0 ? countOf(found.rows) / found.seconds : 0
  const [rowsDone, rowsTotal] = [countOf(found.done), countOf(found.total)]
  return {
    rowsDone,
    rowsTotal,
    rowsPerSecond: Math.round(rowsPerSecond),
    bytesPerSecond: phase === 'copy' && found.seconds > 0 ? Math.round(countOf(found.bytes) / found.seconds) : null,
    etaSeconds: rowsPerSecond > 0 && rowsTotal >= rowsDone ? Math.ceil((rowsTotal - rowsDone) / rowsPerSecond) : null,
  }
}
