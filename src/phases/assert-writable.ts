import { howWritable, unwritableTables, whyUnwritable, writtenTables } from '../checks/unwritable-tables.js'
import type { ErrorCode } from '../domain/error-catalogue.js'
import { MoverError } from '../domain/errors.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'

export interface WritableRequest {
  readonly plan: Pick<MovePlan, 'owned' | 'shared' | 'lookups'>
  readonly side: Side
  readonly database: string
  readonly code: ErrorCode
  /** What stands now, and the command to run again. */
  readonly state: string
  readonly command: string
}

/** Publications that came since prepare may make PostgreSQL refuse what is about to be deleted: said before the first row. Throws `code`. */
export async function assertWritable(ctx: Pick<MoveContext, 'cells' | 'holder'>, request: WritableRequest): Promise<void> {
  const cell = cellDatabase(ctx, request.side, request.database)
  const [first, ...others] = await cell.admin.use((session) => unwritableTables(session, writtenTables(request.plan, request.side, request.database)))
  if (first === undefined) return
  throw new MoverError({
    code: request.code,
    message: `${cell.label}: ${whyUnwritable(first)}${others.length === 0 ? '' : ` (and ${others.length} more)`}. ${request.state}`,
    hint: `${howWritable(first)}; then run \`org-mover ${request.command} ${ctx.holder.moveId}\` again`,
    retry: 'after-fix',
  })
}
