import { asMoverError } from '../../domain/errors.js'
import type { Connections } from '../connections.js'
import { appendEvent } from '../journal-events.js'
import { loadMove } from '../journal.js'
import { whoAmI } from '../who-am-i.js'

/** What was asked for. */
interface Attempt {
  readonly command: string
  readonly org?: string
  readonly cell?: string
  /** As it was given: a prefix perhaps, or of no move at all. */
  readonly moveId?: string
}

/**
 * Runs a command, and puts on record that it was refused, or declined by its operator: who, from where, what, and why. A command that came to drive
 * a move has its beginning and its end there already. What cannot be recorded, for want of a control database, goes to the log.
 */
export async function recorded<T>(at: Connections, attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    await recordRefusal(at, attempt, asMoverError(thrown).code).catch((err: unknown) => at.log.warn({ err, command: attempt.command }, 'a refusal could not be recorded'))
    throw thrown
  }
}

async function recordRefusal(at: Connections, { command, moveId, ...asked }: Attempt, code: string): Promise<void> {
  const control = await at.ready()
  const known = moveId === undefined ? null : await loadMove(control, moveId).then(({ id }) => id, () => null)
  await appendEvent(control, known, { who: whoAmI(), command, kind: 'refused', detail: { code, ...asked, ...(known === null && moveId !== undefined ? { moveId } : {}) } })
}
