import type { Callee } from '../config/settings.js'
import { callCommand } from './call-command.js'
import { CallFailure } from './call-failure.js'
import { callHttp } from './call-http.js'
import type { Logger } from '../observability/logger.js'
import { redactor } from './redact.js'
import type { Redact } from './redact.js'

export interface Call {
  readonly callee: Callee
  /** What the call is for, as messages and the log name it: `router`, `participant uploads`, `hook enter`. */
  readonly purpose: string
  /** JSON for the standard input or the body. */
  readonly input: Readonly<Record<string, unknown>>
  /** For commands, beside the mover's own environment. */
  readonly variables: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** The same for every repetition of what must happen once. */
  readonly idempotencyKey: string | null
  readonly signal: AbortSignal
}

export interface OutsideOptions {
  /** What commands are given. Holds credentials. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where commands run. */
  readonly directory: string
  /** What must not be repeated from the output of others. */
  readonly secrets: readonly string[]
  readonly log: Logger
}

/** The operator's own commands and services: routers, hooks, participants. Their output goes to the log, without what is known to be secret. */
export class Outside {
  readonly redact: Redact
  readonly #options: OutsideOptions

  constructor(options: OutsideOptions) {
    this.#options = options
    this.redact = redactor(options.secrets)
  }

  /**
   * Yields what the command printed, or the service answered. Throws CallFailure where it did not start, ran out of time, ended with
   * another status than 0 or 2xx, or said too much: whether it has done its work is then not known. Throws the signal's reason when aborted;
   * the command has ended by then. Retries nothing.
   */
  async call(call: Call): Promise<string> {
    call.signal.throwIfAborted()
    const { callee, purpose } = call
    const body = JSON.stringify(call.input)
    try {
      if (callee.kind === 'http') return await callHttp(callee, call, body)
      const { stdout, stderr } = await callCommand(callee, { ...call, environment: this.#options.environment, directory: this.#options.directory }, body)
      this.#tell('info', purpose, stderr)
      return stdout
    } catch (error) {
      call.signal.throwIfAborted()
      if (!(error instanceof CallFailure)) throw error
      this.#tell('warn', purpose, error.output)
      throw error
    }
  }

  #tell(level: 'info' | 'warn', purpose: string, output: string): void {
    for (const line of output.split('\n')) if (line.trim() !== '') this.#options.log[level]({ purpose, line: this.redact(line) }, 'output of a command')
  }
}
