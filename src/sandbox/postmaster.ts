import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { StopMode } from './cluster.js'
import { killServer, signal } from './kill-server.js'
import { readPostmasterFile } from './postmaster-pid.js'
import type { RunAs } from './unprivileged-user.js'

const POLL_MS = 5
const START_TIMEOUT_MS = 60_000
/** A backend that somebody has frozen never obeys: after this the server is killed. */
const STOP_TIMEOUT_MS = 20_000
const LOG_TAIL = 2_000

export interface PostmasterOptions {
  readonly postgres: string
  /** Folder of the cluster; the data directory is `data` in it, the log `postgres.log`. */
  readonly directory: string
  readonly port: number
  readonly runAs: RunAs | null
}

export type StartResult = { readonly postmaster: Postmaster } | { readonly problem: 'port in use' | 'failed'; readonly log: string }

/** One run of a server, from its start to its end. */
export class Postmaster {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #isRunning = true

  constructor(child: ChildProcess, pid: number, ended: Promise<void>) {
    this.pid = pid
    this.#child = child
    this.#ended = ended
    child.once('exit', () => {
      this.#isRunning = false
    })
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Resolves when it is gone; one that does not obey in 20 s is killed. */
  async stop(mode: StopMode): Promise<void> {
    // a running server must not keep this program alive, but waiting for its end must
    this.#child.ref()
    signal(this.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    const timeout = new AbortController()
    const late = delay(STOP_TIMEOUT_MS, 'late' as const, { signal: timeout.signal }).catch(() => null)
    if ((await Promise.race([this.#ended, late])) === 'late') await this.kill()
    timeout.abort()
    await this.#ended
  }

  async kill(): Promise<void> {
    this.#child.ref()
    await killServer(this.pid)
    await this.#ended
  }
}

/** Resolves once the server accepts connections, or with the reason why it will not. Crash recovery is waited for. */
export async function startPostmaster(options: PostmasterOptions): Promise<StartResult> {
  const data = join(options.directory, 'data')
  const logPath = join(options.directory, 'postgres.log')
  const log = await open(logPath, 'a')
  const logStart = (await log.stat()).size
  // detached: a terminal's Ctrl-C is for the program that uses the cluster, which decides in what order things end
  const child = spawn(options.postgres, ['-D', data, '-p', String(options.port)], { stdio: ['ignore', log.fd, log.fd], detached: true, cwd: options.directory, ...options.runAs })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  child.unref()
  await log.close()
  const pid = child.pid
  const outcome = pid === undefined ? 'ended' : await Promise.race([ended.then(() => 'ended' as const), untilReady(data, pid)])
  if (pid !== undefined && outcome === 'ready') return { postmaster: new Postmaster(child, pid, ended) }
  if (pid !== undefined) await killServer(pid)
  const text = (await readFile(logPath, 'utf8')).slice(logStart)
  return { problem: /could not bind|Address already in use/.test(text) ? 'port in use' : 'failed', log: text.slice(-LOG_TAIL).trim() }
}

async function untilReady(dataDirectory: string, pid: number): Promise<'ready' | 'late' | 'ended'> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    const file = await readPostmasterFile(dataDirectory)
    if (file?.pid === pid && file.isReady) return 'ready'
    if (!signal(pid, 0)) return 'ended'
    await delay(POLL_MS)
  }
  return 'late'
}
