import { Session } from '../postgres/session.js'
import { SessionPool } from '../postgres/session-pool.js'
import type { Side } from '../domain/vocabulary.js'

export interface CellDatabaseOptions {
  readonly cell: string
  readonly side: Side
  readonly database: string
  readonly url: string
  readonly searchPath: string | null
  readonly applicationName: string
  readonly lockTimeoutMs: number
  readonly answerTimeoutMs: number
  /** The setting with which the mover's own writing sessions pass the fence. */
  readonly pass: string | null
}

/** One database of one side of a move, with a pool of sessions for each job. Dispose it when the move is done with. */
export class CellDatabase implements AsyncDisposable {
  readonly cell: string
  readonly side: Side
  readonly database: string
  readonly label: string
  /** Reads and digests; search_path pg_catalog. */
  readonly read: SessionPool
  /** Loads and deletes under the replica role, past the fence. */
  readonly load: SessionPool
  /** Fences, guards and other DDL of the mover's own. */
  readonly admin: SessionPool

  constructor(options: CellDatabaseOptions) {
    const { cell, side, database, url, applicationName, lockTimeoutMs, answerTimeoutMs } = options
    this.cell = cell
    this.side = side
    this.database = database
    this.label = `${cell}/${database}`
    const base = { url, label: this.label, applicationName, lockTimeoutMs, answerTimeoutMs }
    const pass: Record<string, string> = options.pass === null ? {} : { 'org_mover.pass': options.pass }
    this.read = new SessionPool(() => Session.open({ ...base, role: 'read' }))
    this.load = new SessionPool(() => Session.open({ ...base, role: 'load', searchPath: options.searchPath, settings: pass }))
    this.admin = new SessionPool(() => Session.open({ ...base, role: 'admin', settings: pass }))
  }

  /** Cuts every connection at once, whatever it is doing. */
  destroy(): void {
    for (const pool of [this.read, this.load, this.admin]) pool.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.read[Symbol.asyncDispose](), this.load[Symbol.asyncDispose](), this.admin[Symbol.asyncDispose]()])
  }
}
