import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command line as it was built, from the folder that holds bin/. */
const BIN = fileURLToPath(new URL('../../bin/org-mover.js', import.meta.url))

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What its standard input yields before it ends; by default nothing. It is never a terminal. */
  readonly input?: string
}

export interface CliResult {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One run of the command line as a process of its own. */
export interface CliProcess extends AsyncDisposable {
  readonly result: Promise<CliResult>
  isRunning(): boolean
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT'): void
}

/** Starts `org-mover` with these arguments. Disposing it kills what still runs, stopped or not. */
export function startCli(args: readonly string[], { env = {}, input = '' }: CliOptions = {}): CliProcess {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...withoutOurs(process.env), NO_COLOR: '1', ...env } })
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8')
    child[stream].on('data', (chunk: string) => {
      text[stream] += chunk
    })
  }
  // a process that ended before it read its input closes the pipe under us
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...text }))
  })
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    result,
    isRunning,
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (isRunning()) child.kill('SIGKILL')
      await result.catch(() => undefined)
    },
  }
}

/** Settings of the machine must not reach the program under test. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ORG_MOVER_') && !name.startsWith('PG')))
}
