import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

export interface Measured {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
  /** Highest resident memory of the process itself; null where there is no /proc. */
  readonly peakBytes: number | null
  /** User and system time of the process and of the children it waited for, sampled: up to one sample short. */
  readonly cpuSeconds: number | null
}

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const SAMPLE_MS = 50
/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Runs a program to its end and watches its memory and CPU time from outside. */
export async function measure({ command, args, env }: Command): Promise<Measured> {
  const started = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  const seen: { peakBytes: number | null; cpuSeconds: number | null } = { peakBytes: null, cpuSeconds: null }
  const sample = (): void => {
    if (child.pid === undefined) return
    seen.peakBytes = peakOf(child.pid) ?? seen.peakBytes
    seen.cpuSeconds = cpuOf(child.pid) ?? seen.cpuSeconds
  }
  const timer = setInterval(sample, SAMPLE_MS)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearInterval(timer)
  return { ...output, ...seen, exitCode, seconds: (performance.now() - started) / 1000 }
}

function peakOf(pid: number): number | null {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(proc(`${pid}/status`) ?? '')?.[1]
  return line === undefined ? null : Number(line) * 1024
}

/** Own time and that of the children waited for. */
function cpuOf(pid: number): number | null {
  const stat = proc(`${pid}/stat`)
  if (stat === null) return null
  // the name in brackets may hold spaces; utime, stime, cutime, cstime are fields 14 to 17
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).map(Number)
  const ticks = fields.reduce((sum, n) => sum + n, 0)
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : null
}

/** CPU time of a server since its start: the postmaster, the backends that have ended and those that live. */
export function serverCpuSeconds(postmaster: number | null): number | null {
  if (postmaster === null) return null
  const own = cpuOf(postmaster)
  if (own === null) return null
  const living = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === postmaster)
  return living.reduce((sum, pid) => sum + (cpuOf(Number(pid)) ?? 0), own)
}

function parentOf(pid: string): number | null {
  const stat = proc(`${pid}/stat`)
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function proc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return null
  }
}
