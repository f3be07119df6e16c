import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'

/** Something that the mover makes on a cell. Recorded and committed before it is made: clean-up works from the record. */
export interface CreatedObject {
  readonly cell: string
  readonly database: string
  readonly kind: string
  readonly name: string
}

/** In one statement; one that is recorded already (or was removed) counts as there again. Throws OM3005. */
export async function recordCreatedObjects(session: Session, holder: Holder, objects: readonly CreatedObject[]): Promise<void> {
  await writeHeld(session, holder, 'record-created', [JSON.stringify(objects)])
}

/** In one statement, idempotent. Throws OM3005. */
export async function markRemoved(session: Session, holder: Holder, objects: readonly CreatedObject[]): Promise<void> {
  await writeHeld(session, holder, 'mark-removed', [JSON.stringify(objects)])
}

/** What is not removed yet, the newest first. */
export async function listCreatedObjects(
  session: Session,
  moveId: string,
  filter: { readonly cell?: string; readonly database?: string } = {},
): Promise<CreatedObject[]> {
  return session.rows<CreatedObject & Record<string, unknown>>(sql('journal/list-created'), [moveId, filter.cell ?? null, filter.database ?? null])
}
