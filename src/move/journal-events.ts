import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'

/** The record of who did what. The database itself refuses to change or delete its rows. */
export interface MoveEvent {
  /** Who gave the command, e.g. `user@host`. */
  readonly who: string
  readonly command: string
  readonly kind: string
  /** Names and numbers; never a value of a row, never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>
}

/** By the process that drives the move; throws OM3005 where it does not any more. */
export async function appendHeldEvent(session: Session, holder: Holder, event: MoveEvent): Promise<void> {
  await writeHeld(session, holder, 'append-event-held', [event.who, event.command, event.kind, JSON.stringify(event.detail ?? {})])
}

/** By a command that drives no move: a refusal, a route set by hand. It changes nothing but this record. */
export async function appendEvent(session: Session, moveId: string | null, event: MoveEvent): Promise<void> {
  await session.execute(sql('journal/append-event'), [moveId, event.who, event.command, event.kind, JSON.stringify(event.detail ?? {})])
}

export async function listEvents(session: Session, moveId: string): Promise<(Required<MoveEvent> & { readonly at: Date })[]> {
  return session.rows<Required<MoveEvent> & { at: Date } & Record<string, unknown>>(sql('journal/list-events'), [moveId])
}
