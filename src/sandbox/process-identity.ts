import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Names one process for good: a pid alone may be given to another process later. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque; differs between two processes that had the same pid. */
  readonly startedAt: string
  /** The machine or container whose pids these are: those of another cannot be judged from here. */
  readonly pidNamespace: string
}

/** Null if there is no such process. */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const startedAt = process.platform === 'linux' ? await startOnLinux(pid) : await startByPs(pid)
  return startedAt === null ? null : { pid, startedAt, pidNamespace: await pidNamespace() }
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.pidNamespace !== (await pidNamespace())) return true
  const now = await identityOf(identity.pid)
  return now?.startedAt === identity.startedAt
}

/** The process's command line as one line; '' if it is gone. */
export async function commandLineOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return ps(pid, 'command=')
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text.replaceAll('\0', ' ').trim()
}

async function startOnLinux(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  // the second field is the name in parentheses, which may hold anything; state is the 3rd field, start in ticks the 22nd
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return null
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return `${fields[19] ?? ''}@${boot.trim()}`
}

async function startByPs(pid: number): Promise<string | null> {
  const started = await ps(pid, 'lstart=')
  return started === '' ? null : started
}

async function ps(pid: number, format: string): Promise<string> {
  return run('ps', ['-ww', '-o', format, '-p', String(pid)]).then((r) => r.stdout.trim(), () => '')
}

async function pidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => 'host')
}
