import { execFile } from 'node:child_process'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'
import { promisify } from 'node:util'

export interface Machine {
  readonly cores: number
  readonly model: string
  readonly memoryGb: number
  readonly system: string
  /** Before the first measurement: what others were doing. */
  readonly loadAverage: number
  readonly node: string
  readonly commit: string | null
}

export async function describeMachine(): Promise<Machine> {
  const commit = await promisify(execFile)('git', ['describe', '--always', '--dirty', '--abbrev=10'], { cwd: new URL('..', import.meta.url) })
    .then(({ stdout }) => stdout.trim())
    .catch(() => null)
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    node: process.version,
    commit,
  }
}
