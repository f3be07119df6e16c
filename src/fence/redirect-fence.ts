import type { OwnedTable } from '../domain/move-plan.js'
import type { Scope } from '../dataplane/owned-rows.js'
import type { Session } from '../postgres/session.js'
import { fenceFunctions } from './fence-sql.js'
import type { FenceFacts } from './fence-sql.js'

/**
 * After the flip: the fence of the source goes on rejecting, and names in the error's DETAIL the cell that serves now and the
 * epoch of its route, so that a client with a stale route can redirect itself. To be called within a guarded transaction. No lock on any
 * table. Idempotent.
 */
export async function redirectFence(session: Session, tables: readonly OwnedTable[], scope: Scope, facts: FenceFacts & Required<Pick<FenceFacts, 'served'>>): Promise<void> {
  await session.executeAll(fenceFunctions(tables, scope, facts))
}
