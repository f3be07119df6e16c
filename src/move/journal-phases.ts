import { programVersion } from '../config/program-version.js'
import type { Phase } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'

/** When each phase of a move ran, for `timings`. A phase has one run for each process that began it. */

export type PhaseOutcome = 'done' | 'failed' | 'paused' | 'interrupted'

export interface PhaseRun {
  readonly phase: Phase
  readonly startedAt: Date
  readonly endedAt: Date | null
  readonly outcome: PhaseOutcome | null
  /** Up to now for a run that has not ended. */
  readonly seconds: number
  /** Holder of the lease and version of its program; null for runs of before these were kept. */
  readonly driver: string | null
  readonly version: string | null
}

/** Begins a run and makes it the phase of the move; a run left open is closed as interrupted. Throws OM3005. */
export async function startPhase(session: Session, holder: Holder, phase: Phase): Promise<void> {
  await writeHeld(session, holder, 'start-phase', [phase, programVersion()])
}

/** Ends the open run of the phase; without one nothing happens. Throws OM3005. */
export async function endPhase(session: Session, holder: Holder, phase: Phase, outcome: PhaseOutcome): Promise<void> {
  await writeHeld(session, holder, 'end-phase', [phase, outcome])
}

/** In the order in which they began. */
export async function listPhaseRuns(session: Session, moveId: string): Promise<PhaseRun[]> {
  const rows = await session.rows<{ phase: Phase; started_at: Date; ended_at: Date | null; outcome: PhaseOutcome | null; seconds: number; driver: string | null; version: string | null }>(sql('journal/list-phase-runs'), [moveId])
  return rows.map((row) => ({ phase: row.phase, startedAt: row.started_at, endedAt: row.ended_at, outcome: row.outcome, seconds: row.seconds, driver: row.driver, version: row.version }))
}
