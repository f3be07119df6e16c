import type { CreateApp, RunDemo } from './app.js'
import type { InterruptSignal } from './exit-code.js'

export interface Output {
  write(text: string): void
  readonly isTTY: boolean
}

export interface TerminalOutput extends Output {
  readonly columns: number | null
  readonly rows: number | null
}

export interface Clock {
  /** Milliseconds of a clock that only goes forward. */
  now(): number
  /** Calls `tick` again and again without keeping the process alive; the result stops it. */
  every(intervalMs: number, tick: () => void): () => void
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Everything outside the program that a command touches: the process for `main`, stand-ins for tests. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: TerminalOutput
  readonly stderr: TerminalOutput
  readonly clock: Clock
  /** Null where nobody can be asked. Resolves to null when the answer is withheld (end of input). */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<string | null>) | null
  /** The result stops listening. */
  onSignal(signal: InterruptSignal, handler: () => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
  /** Rejects when an error escapes every promise chain, as that of a socket nobody listens to. */
  readonly stray: Promise<never>
  readonly createApp: CreateApp
  readonly runDemo: RunDemo
}
