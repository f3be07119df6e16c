import type { MoveDocument } from '../../domain/documents.js'
import { MoverError } from '../../domain/errors.js'
import type { Progress } from '../../observability/progress.js'

/** What a command that drives a move is given. */
export interface MoveIo {
  readonly progress: Progress
  readonly confirm: (summary: readonly string[]) => Promise<boolean>
  readonly signal: AbortSignal
}

/** What an operator answered no to. */
export function declined(): MoverError {
  return new MoverError({ code: 'OM1008', message: 'declined; nothing was changed', hint: 'run the command again when it may go on', retry: 'safe' })
}

/** The move's own error is no failure of a command that only told where it stands. */
export function settled(document: MoveDocument): MoveDocument {
  return { ...document, error: null }
}
