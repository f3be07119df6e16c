import { join } from 'node:path'
import type { Binaries } from './binaries.js'
import { recordOwner, removeDirectory } from './cluster-directory.js'
import type { Cluster, StopMode } from './cluster.js'
import { freePort } from './free-port.js'
import { startPostmaster } from './postmaster.js'
import type { Postmaster } from './postmaster.js'
import { sandboxError } from './sandbox-error.js'
import { SANDBOX_USER } from './sandbox-settings.js'
import type { RunAs } from './unprivileged-user.js'
import type { Watchdog } from './watchdog.js'

const HOST = '127.0.0.1'
const PORT_TRIES = 10

export interface LocalClusterParts {
  readonly directory: string
  readonly binaries: Binaries
  readonly runAs: RunAs | null
  readonly password: string
  readonly watchdog: Watchdog
}

/** A cluster whose server is a child of this process. */
export class LocalCluster implements Cluster {
  readonly host = HOST
  readonly port: number
  readonly majorVersion: number
  readonly dataDirectory: string
  readonly #parts: LocalClusterParts
  #postmaster: Postmaster | null
  #kept = false

  private constructor(parts: LocalClusterParts, port: number, postmaster: Postmaster) {
    this.#parts = parts
    this.#postmaster = postmaster
    this.port = port
    this.majorVersion = parts.binaries.majorVersion
    this.dataDirectory = join(parts.directory, 'data')
  }

  /** First start, on a port that nobody else got first. */
  static async open(parts: LocalClusterParts): Promise<LocalCluster> {
    let log = ''
    for (let tried = 0; tried < PORT_TRIES; tried++) {
      const port = await freePort()
      const result = await startPostmaster({ ...parts, postgres: parts.binaries.postgres, port })
      if ('postmaster' in result) return new LocalCluster(parts, port, result.postmaster)
      log = result.log
      if (result.problem !== 'port in use') break
    }
    throw sandboxError(`PostgreSQL did not start: ${log}`, 'the message has the end of the server’s log')
  }

  url(database = 'postgres'): string {
    return `postgres://${SANDBOX_USER}:${this.#parts.password}@${HOST}:${this.port}/${encodeURIComponent(database)}`
  }

  /** The postmaster's; null while the server is stopped, and after it ended on its own. */
  get pid(): number | null {
    return this.#postmaster?.isRunning === true ? this.#postmaster.pid : null
  }

  async stop(mode: StopMode): Promise<void> {
    await this.#postmaster?.stop(mode)
    this.#postmaster = null
  }

  async crash(): Promise<void> {
    await this.#postmaster?.kill()
    this.#postmaster = null
  }

  async start(): Promise<void> {
    if (this.pid !== null) return
    const result = await startPostmaster({ ...this.#parts, postgres: this.#parts.binaries.postgres, port: this.port })
    if (!('postmaster' in result)) throw sandboxError(`PostgreSQL did not start again: ${result.log}`, 'the message has the end of the server’s log')
    this.#postmaster = result.postmaster
  }

  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.stop(mode)
    await this.start()
  }

  /**
   * Lets the server outlive this process: it runs until somebody ends `pid` (SIGINT), and its files go with the next sweep
   * after that. Disposing does nothing any more.
   */
  async keep(): Promise<void> {
    const { pid } = this
    if (pid === null) throw sandboxError('a stopped cluster cannot be kept', 'start it first')
    await recordOwner(this.#parts.directory, pid)
    this.#kept = true
    this.#parts.watchdog.dismiss()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept) return
    await this.stop('immediate')
    await removeDirectory(this.#parts.directory)
    this.#parts.watchdog.dismiss()
  }
}
