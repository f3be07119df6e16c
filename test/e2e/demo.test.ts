import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { commandLineOf } from '../../src/sandbox/process-identity.js'

const PROGRAM = fileURLToPath(new URL('../../bin/org-mover.js', import.meta.url))

/** Everything that a demo makes lies in here, because its temporary folder is this one. */
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'org-mover-demo-test-'))
  await chmod(folder, 0o755)
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Demo {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>
  readonly told: () => string
}

function startDemo(args: readonly string[]): Demo {
  const child = spawn(process.execPath, [PROGRAM, 'demo', ...args], { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => void (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (output.stderr += chunk.toString()))
  return { child, told: () => output.stderr, ended: once(child, 'close').then(([exitCode]) => ({ exitCode, ...output })) }
}

async function postmastersIn(place: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => commandLineOf(Number(pid))))
  return lines.filter((line) => line.includes(`-D ${place}`))
}

/** The copy of the binaries that root may need stays, for the next run. */
async function leftIn(place: string): Promise<readonly string[]> {
  const names = await readdir(place, { recursive: true })
  return names.filter((name) => /org-mover-demo-|cluster-|draft-/.test(name))
}

/** Some 15 s on two idle cores; tests of the whole suite share them. */
const TIMEOUT_MS = 300_000

describe.skipIf(process.platform !== 'linux')('the demo', { timeout: TIMEOUT_MS }, () => {
  it('P1, P2: moves one organization, finds equal fingerprints and unchanged neighbours, and leaves nothing', async () => {
    const { exitCode, stdout, stderr } = await startDemo(['--json', '--no-progress']).ended
    expect(stderr).toMatch(/equal fingerprints: (\d+) of \1 tables, [\d,]+ rows of the organization/)
    expect(stderr).toMatch(/unchanged: [\d,]+ rows of \d+ other organizations and people on both cells/)
    expect(stderr).toMatch(/organization \d+ is served by cell-b/)
    expect(stderr).not.toContain('WRONG')
    expect(JSON.parse(stdout)).toMatchObject({ state: 'completed', source: 'cell-a', target: 'cell-b', verification: { verdict: 'equal' }, error: null })
    expect(exitCode).toBe(0)
    expect(await postmastersIn(folder)).toEqual([])
    expect(await leftIn(folder)).toEqual([])
  })

  it('leaves nothing when it is interrupted in the middle, nor when it is killed', async () => {
    await Promise.all(
      ([['SIGINT', 130], ['SIGKILL', null]] as const).map(async ([signal, exitCode]) => {
        const demo = startDemo(['--no-progress'])
        await vi.waitFor(() => expect(demo.told()).toContain('plan:'), { timeout: 120_000, interval: 50 })
        demo.child.kill(signal)
        expect((await demo.ended).exitCode).toBe(exitCode)
      }),
    )
    await vi.waitFor(async () => expect([...(await postmastersIn(folder)), ...(await leftIn(folder))]).toEqual([]), { timeout: 30_000, interval: 100 })
  })

  it('--keep leaves a configuration that every command takes, and a script that ends it all', async () => {
    const { exitCode, stderr } = await startDemo(['--keep', '--no-progress']).ended
    expect(exitCode).toBe(0)
    const config = /ORG_MOVER_CONFIG=(\S+)/.exec(stderr)?.[1] ?? ''
    const script = /^ {2}sh (\S+)$/m.exec(stderr)?.[1] ?? ''
    try {
      expect(await postmastersIn(folder)).toHaveLength(3)
      expect(await readFile(config, 'utf8')).toContain('cell-b')
      const plan = await finish(process.execPath, [PROGRAM, 'plan', '--org', '7', '--to', 'cell-b', '--config', config, '--json'])
      expect(JSON.parse(plan.stdout)).toMatchObject({ org: '7', blocking: false, error: null })
    } finally {
      await finish('sh', [script])
    }
    expect(await postmastersIn(folder)).toEqual([])
    expect(await leftIn(folder)).toEqual([])
  })
})

async function finish(program: string, args: readonly string[]): Promise<{ readonly stdout: string }> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
  await once(child, 'close')
  return { stdout }
}
