import type { ErrorCode } from './error-catalogue.js'
import type { Finding } from './finding.js'

/** Whether the same command may simply be run again. */
export type Retry = 'safe' | 'after-fix' | 'never'

export interface MoverErrorOptions {
  readonly code: ErrorCode
  /** What happened and in what state the move is now. Never a secret, a credential or a row's content. */
  readonly message: string
  /** What to do next. */
  readonly hint: string
  readonly retry: Retry
  readonly cause?: unknown
  /** Facts for the log: names and numbers, never values of rows. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>
  /** What the preconditions found, where they are why the command stops. */
  readonly findings?: readonly Finding[]
}

/** Every failure that an operator is meant to read. The exit code follows from `code` and `retry` (see `exitCodeOf`). */
export class MoverError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly retry: Retry
  readonly context: Readonly<Record<string, string | number | boolean | null>>
  readonly findings: readonly Finding[]

  constructor(options: MoverErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'MoverError'
    this.code = options.code
    this.hint = options.hint
    this.retry = options.retry
    this.context = options.context ?? {}
    this.findings = options.findings ?? []
  }
}

/** A state that the code itself rules out. Exit code 70. */
export function bug(message: string, cause?: unknown): MoverError {
  return new MoverError({
    code: 'OM9001',
    message: `internal invariant broken: ${message}`,
    hint: 'this is a bug in org-mover; nothing further was changed. Report it with the log, then run `org-mover status`',
    retry: 'never',
    cause,
  })
}

/** Every failure as a MoverError; what is none of ours becomes OM9002, its own message kept. */
export function asMoverError(thrown: unknown): MoverError {
  if (thrown instanceof MoverError) return thrown
  return new MoverError({
    code: 'OM9002',
    message: `unexpected failure: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    hint: 'run `org-mover status` to see where the move stands, then `org-mover resume`; --log-level debug tells more',
    retry: 'after-fix',
    cause: thrown,
  })
}
