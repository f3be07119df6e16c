import { ERROR_CATALOGUE } from '../domain/error-catalogue.js'
import type { ErrorDocument } from '../domain/documents.js'
import type { ExitCode } from '../domain/exit-code.js'
import { isBlocking } from '../domain/finding.js'
import type { CommandName } from './invocation.js'
import type { Outcome } from './outcome.js'

export type InterruptSignal = 'SIGINT' | 'SIGTERM'

export interface Ending {
  /** Null where usage was so wrong that there is no command. */
  readonly command: CommandName | null
  readonly outcome: Outcome
  /** The command itself failed, as opposed to showing a move that did. */
  readonly hasFailed: boolean
  readonly interruptedBy: InterruptSignal | null
}

/** The only place where the process's exit code is decided. */
export function exitCodeOf({ command, outcome, hasFailed, interruptedBy }: Ending): ExitCode {
  if (interruptedBy !== null) return interruptedBy === 'SIGINT' ? 130 : 143
  const { error } = outcome.document
  if (error !== null && (hasFailed || !showsMoves(command))) return exitCodeOfError(error)
  if (outcome.kind === 'check') return isBlocking(outcome.document.findings) ? 3 : 0
  if (outcome.kind === 'plan') return outcome.document.blocking || isBlocking(outcome.document.findings) ? 3 : 0
  if (outcome.kind === 'move' && !showsMoves(command)) return exitCodeOfVerdict(outcome.document.verification.verdict, command)
  return 0
}

/** `status` and `list` succeed in showing a move that has failed. */
function showsMoves(command: CommandName | null): boolean {
  return command === 'status' || command === 'list'
}

function exitCodeOfError(error: ErrorDocument): ExitCode {
  const entry = Object.entries(ERROR_CATALOGUE).find(([code]) => code === error.code)
  return entry === undefined ? 1 : entry[1].exit
}

/** A safety net under OM4001 and OM4002: differences never end in 0, nor does a `verify` that saw not everything. */
function exitCodeOfVerdict(verdict: string, command: CommandName | null): ExitCode {
  if (command === 'abort') return 0
  if (verdict === 'different') return 4
  return command === 'verify' && verdict !== 'equal' ? 5 : 0
}
