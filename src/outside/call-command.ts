import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Callee } from '../config/settings.js'
import { CallFailure, MOST_BYTES, tooLong } from './call-failure.js'

/** Between the request to end and the end by force. */
const GRACE_MS = 2_000
/** A command may leave something running that holds its output open; the answer is there when the command has ended. */
const LINGER_MS = 1_000
/** EX_TEMPFAIL of sysexits.h: "try again". */
const TEMPORARY = 75
const KEPT_OF_STDERR = 65_536

interface CommandCall {
  readonly timeoutMs: number
  readonly variables: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly directory: string
  readonly idempotencyKey: string | null
  readonly signal: AbortSignal
}

/**
 * Runs the command, without a shell, in a process group of its own: at the end of its time, when it says too much, or when aborted, the whole group
 * is ended, and this returns only when it has.
 */
export async function callCommand({ command }: Extract<Callee, { kind: 'command' }>, call: CommandCall, input: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const [file = '', ...args] = command
  const key = call.idempotencyKey === null ? {} : { ORG_MOVER_IDEMPOTENCY_KEY: call.idempotencyKey }
  const child = spawn(file, args, { cwd: call.directory, env: { ...call.environment, ...call.variables, ...key }, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const timeout = AbortSignal.timeout(call.timeoutMs)
  const overflow = new AbortController()
  const [stdout, stderr] = [collect(child.stdout, MOST_BYTES, { keep: 'first', onMore: () => overflow.abort() }), collect(child.stderr, KEPT_OF_STDERR, { keep: 'last', onMore: () => undefined })]
  // a command that does not read its input has ended, or does not need it
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const { status, endedBy } = await ended(child, AbortSignal.any([call.signal, timeout, overflow.signal]))
  if (call.signal.aborted) throw call.signal.reason
  if (overflow.signal.aborted) throw tooLong()
  if (timeout.aborted && status !== 0) throw new CallFailure('timeout', `it did not end within ${call.timeoutMs} ms, and was stopped`, { isTransient: true, output: stderr() })
  if (endedBy !== null) throw new CallFailure('exit', `it was ended by ${endedBy}`, { isTransient: true, output: stderr() })
  if (status !== 0) throw new CallFailure('exit', `it ended with exit status ${status}`, { isTransient: status === TEMPORARY, output: stderr() })
  return { stdout: stdout(), stderr: stderr() }
}

function ended(child: ChildProcess, signal: AbortSignal): Promise<{ readonly status: number | null; readonly endedBy: string | null }> {
  return new Promise((resolve, reject) => {
    let force: NodeJS.Timeout | null = null
    const stop = (): void => {
      endGroup(child, 'SIGTERM')
      force = setTimeout(() => endGroup(child, 'SIGKILL'), GRACE_MS)
    }
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', stop)
      if (force !== null) clearTimeout(force)
      finish()
    }
    child.once('error', (error) => settle(() => reject(notStarted(error))))
    child.once('exit', (status, endedBy) => {
      const linger = setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()), LINGER_MS)
      child.once('close', () => {
        clearTimeout(linger)
        // what the command had begun goes with it when its time is over
        if (signal.aborted) endGroup(child, 'SIGKILL')
        settle(() => resolve({ status, endedBy }))
      })
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function endGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // it has ended meanwhile
  }
}

function notStarted(error: Error): CallFailure {
  const code: unknown = Reflect.get(error, 'code')
  return new CallFailure('not_started', `it could not be started (${typeof code === 'string' ? code : 'unknown reason'})`, { isTransient: false })
}

interface Collecting {
  readonly keep: 'first' | 'last'
  /** Called when there is more than was asked for. */
  readonly onMore: () => void
}

/** What the stream held, up to so many bytes from its start or its end. */
function collect(stream: Readable, most: number, { keep, onMore }: Collecting): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    if (keep === 'first' && bytes > most) return
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > most) onMore()
    if (keep === 'first') return
    while (chunks.length > 1 && bytes - (chunks[0]?.length ?? 0) >= most) bytes -= chunks.shift()?.length ?? 0
  })
  stream.on('error', () => undefined)
  return () => {
    const all = Buffer.concat(chunks)
    return (keep === 'first' ? all.subarray(0, most) : all.subarray(-most)).toString('utf8')
  }
}
