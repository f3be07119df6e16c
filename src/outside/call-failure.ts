export type CallReason = 'not_started' | 'timeout' | 'exit' | 'status' | 'connection' | 'too_long'

/** A command or service that did not answer as it should. The message holds none of its output. */
export class CallFailure extends Error {
  readonly reason: CallReason
  /** Whether the same call may go well a moment later. */
  readonly isTransient: boolean
  /** What it printed beside its answer: for the log, once secrets are taken out. */
  readonly output: string

  constructor(reason: CallReason, message: string, { isTransient, output = '' }: { readonly isTransient: boolean; readonly output?: string }) {
    super(message)
    this.name = 'CallFailure'
    this.reason = reason
    this.isTransient = isTransient
    this.output = output
  }
}

/** Answers are documents, not data. */
export const MOST_BYTES = 1_048_576

export function tooLong(): CallFailure {
  return new CallFailure('too_long', `it answered with more than ${MOST_BYTES} bytes`, { isTransient: false })
}
