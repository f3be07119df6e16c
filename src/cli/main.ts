import { setTimeout as sleep } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import { createApp } from '../move/app.js'
import { runDemo } from './demo.js'
import type { Host, TerminalOutput } from './host.js'
import { run } from './run.js'

/** Runs one command line with the process's own streams; yields the exit code and prints nothing afterwards. */
export async function main(argv: readonly string[]): Promise<number> {
  ignoreClosedReader(process.stdout)
  ignoreClosedReader(process.stderr)
  const code = await run(argv, processHost())
  leaveWhenFlushed(code)
  return code
}

/** A socket that would not close must not keep a finished command alive; output that is still being read must. */
function leaveWhenFlushed(code: number): void {
  const timer = setInterval(() => {
    if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit(code)
  }, 1000)
  timer.unref()
}

function processHost(): Host {
  const { stdin, stdout, stderr } = process
  const stray = new Promise<never>((_resolve, reject) => process.once('uncaughtException', reject))
  stray.catch(() => undefined)
  return {
    env: process.env,
    stdout: outputOf(stdout),
    stderr: outputOf(stderr),
    clock: {
      now: () => performance.now(),
      every: (intervalMs, tick) => {
        const timer = setInterval(tick, intervalMs)
        timer.unref()
        return () => clearInterval(timer)
      },
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    },
    ask: stdin.isTTY && stderr.isTTY ? askOnTerminal : null,
    onSignal: (signal, handler) => {
      process.on(signal, handler)
      return () => void process.off(signal, handler)
    },
    exit: (code) => process.exit(code),
    stray,
    createApp,
    runDemo,
  }
}

/** The terminal stays in its own line mode, so that Ctrl-C is a signal here as everywhere else. */
function askOnTerminal(question: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
    const finish = (answer: string | null): void => {
      resolve(answer)
      reader.close()
    }
    signal.addEventListener('abort', () => finish(null), { once: true })
    reader.once('close', () => finish(null))
    reader.question(question, finish)
  })
}

/** `org-mover list | head`: a reader that has enough is no failure of ours. */
function ignoreClosedReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

/** A window may change its size at any time. */
function outputOf(stream: NodeJS.WriteStream): TerminalOutput {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY,
    get columns() {
      return stream.isTTY ? stream.columns : null
    },
    get rows() {
      return stream.isTTY ? stream.rows : null
    },
  }
}
