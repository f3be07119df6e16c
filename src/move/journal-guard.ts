import type { QueryResultRow } from 'pg'
import { MoverError } from '../domain/errors.js'
import type { Holder } from '../dataplane/guard.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

/** A move that some process drives: every write to the journal names both, so that a process that lost its lease writes nothing (P6). */
export type { Holder } from '../dataplane/guard.js'

/**
 * One guarded statement: $1 and $2 are move id and epoch, and it yields `held`, which is absent or 0 where the epoch is not
 * the move's any more. Throws OM3005 then, with nothing written. Works inside and outside of a transaction.
 */
export async function writeHeld<Row extends QueryResultRow & { held: number }>(session: Session, holder: Holder, statement: string, params: readonly unknown[]): Promise<Row> {
  const [row] = await session.rows<Row>(sql(`journal/${statement}`), [holder.moveId, String(holder.epoch), ...params])
  if (row === undefined || row.held === 0) throw leaseLost(holder)
  return row
}

export function leaseLost(holder: Holder): MoverError {
  return new MoverError({
    code: 'OM3005',
    message: `this process does not hold the lease of move ${holder.moveId} any more (epoch ${holder.epoch}); it changed nothing after losing it`,
    hint: 'leave the move to the process that took it over; `org-mover status` shows it',
    retry: 'never',
    context: { moveId: holder.moveId, epoch: String(holder.epoch) },
  })
}
