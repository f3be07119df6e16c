import type { ParticipantVerb } from '../domain/vocabulary.js'
import type { ParticipantRun, RunEnd } from '../participants/participant-run.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'

/** What participants were asked and how it ended: the last run of each verb. */

/** Yields the number of the run. Throws OM3005. */
export async function beginParticipant(session: Session, holder: Holder, participant: string, verb: ParticipantVerb): Promise<number> {
  const { run } = await writeHeld<{ held: number; run: number }>(session, holder, 'begin-participant', [participant, verb])
  return run
}

/** Throws OM3005. */
export async function endParticipant(session: Session, holder: Holder, { participant, verb, end }: { readonly participant: string; readonly verb: ParticipantVerb; readonly end: RunEnd }): Promise<void> {
  await writeHeld(session, holder, 'end-participant', [participant, verb, end.state, end.attempts, JSON.stringify(end.facts), end.error])
}

/** In the order in which they began. */
export async function listParticipants(session: Session, moveId: string): Promise<ParticipantRun[]> {
  return session.rows<ParticipantRun & Record<string, unknown>>(sql('journal/list-participants'), [moveId])
}
