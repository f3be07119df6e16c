import { Session } from '../postgres/session.js'
import { SessionPool } from '../postgres/session-pool.js'
import type { OwnedTable } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { Replica } from './replica.js'
import type { Reader } from './replica.js'

export interface CellDatabaseOptions {
  readonly cell: string
  readonly side: Side
  readonly database: string
  readonly url: string
  /** A replica for the reads of frozen rows; null for the primary itself. */
  readonly readFrom: string | null
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
  /** The replica that `read_from` names, or null. */
  readonly replica: Replica | null
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
    const { readFrom } = options
    this.replica = readFrom === null ? null : new Replica(`${this.label} (replica)`, () => Session.open({ ...base, url: readFrom, label: `${this.label} (replica)`, role: 'read' }))
    this.load = new SessionPool(() => Session.open({ ...base, role: 'load', searchPath: options.searchPath, settings: pass }))
    this.admin = new SessionPool(() => Session.open({ ...base, role: 'admin', settings: pass }))
  }

  /** Where the frozen rows of that table are read: on the replica if there is one that has them, which must have been made to catch up. */
  rowsOf(table: Pick<OwnedTable, 'unlogged'>): Reader {
    return table.unlogged === true ? this.read : (this.replica ?? this.read)
  }

  /** Cuts every connection at once, whatever it is doing. */
  destroy(): void {
    for (const pool of [this.read, this.load, this.admin, this.replica]) pool?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.read, this.load, this.admin, this.replica].map((pool) => pool?.[Symbol.asyncDispose]()))
  }
}
