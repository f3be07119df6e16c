import { MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import type { SampledRate, SampledTable, SampleLimits } from '../domain/sampled-rate.js'
import { copyRows } from '../dataplane/copy-rows.js'
import { seedsOf } from '../dataplane/fingerprint.js'
import { ownedRows } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import type { Pace } from '../dataplane/pace.js'
import { loadedColumns } from '../dataplane/projection.js'
import { sideFingerprint } from '../dataplane/side-fingerprint.js'
import { ident, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { nameOf } from './examination.js'
import type { Examination } from './examination.js'
import type { ReadMeasure } from './measure-reads.js'

export interface SampleRequest {
  readonly limits: SampleLimits
  /** A session of the target as the move would load with, on which temporary tables are made; it is destroyed where the sample is cut short. */
  readonly openLoad: (database: string) => Promise<Session>
  /** The limit of bytes per second that the move would keep. */
  readonly pace: Pace
}

/** Stored bytes and those of a stream differ; beyond so many times the limit a stream is cut. */
const SLACK = 2
const SAMPLE = `pg_temp.${ident('org_mover_sample')}`

/**
 * How fast rows of the biggest tables are copied, as the move copies them, and verified, as it verifies them. They go into temporary tables
 * of the target, each in a transaction that is rolled back: nothing is left, and real tables are locked ACCESS SHARE for the time of one table. Call it last:
 * a sample that is cut by its limits takes the sessions with it. A lock or an answer that does not come in time cuts it short, too; other errors are thrown.
 */
export async function measureRate(exam: Examination, reads: ReadonlyMap<number, ReadMeasure>, request: SampleRequest): Promise<SampledRate> {
  const { limits } = request
  const biggest = exam.plan.owned.filter((table) => bytesOf(reads, table) > 0).toSorted((a, b) => bytesOf(reads, b) - bytesOf(reads, a))
  const tables: SampledTable[] = []
  const budget = new Budget(limits)
  try {
    for (const table of biggest.slice(0, limits.tables)) {
      const owned = exam.counts.get(table.no) ?? 0
      const rows = budget.rowsOf({ bytes: bytesOf(reads, table), rows: owned })
      if (rows === 0) break
      await using target = await request.openLoad(table.id.database)
      tables.push({ ...(await sampleOne(exam, table, { target, rows, budget, pace: request.pace })), ownedRows: owned })
    }
  } catch (error) {
    const why = budget.signal.aborted ? budget.spent : error instanceof MoverError && ['OM3003', 'OM3012'].includes(error.code) ? error.message : null
    if (why === null) throw error
    return { tables, cutShort: why }
  } finally {
    budget.end()
  }
  return { tables, cutShort: budget.spent }
}

interface Sampling {
  readonly target: Session
  readonly rows: number
  readonly budget: Budget
  readonly pace: Pace
}

async function sampleOne(exam: Examination, table: OwnedTable, { target, rows: limit, budget, pace }: Sampling): Promise<Omit<SampledTable, 'ownedRows'>> {
  const source = exam.session('source', table.id.database)
  const secrets = exam.shared.secrets(table)
  const rows = firstRows(ownedRows(table, exam.scope), limit)
  return target.transaction('READ COMMITTED', async () => {
    await target.execute(sql('prepare/sample-table', { sample: SAMPLE, table: qualified(table.id) }))
    const began = performance.now()
    const copied = await copyRows({ source, target, table, columns: loadedColumns(table), rows, map: exam.map, secrets, into: SAMPLE, binary: table.binary, pace, signal: budget.signal, onBytes: (bytes) => budget.take(bytes) })
    const comparison = { table, map: exam.map, secrets, seeds: seedsOf(nameOf(table)) }
    await sideFingerprint(comparison, { session: source, side: 'source', rows })
    await sideFingerprint(comparison, { session: target, side: 'target', rows: { from: `${SAMPLE} AS t`, where: 'true' } })
    return { id: table.id, rows: copied.rows, bytes: copied.bytes, seconds: (performance.now() - began) / 1000 }
  }, 'ROLLBACK')
}

function firstRows({ from, where }: RowSource, limit: number): RowSource {
  return { from: `(SELECT t.* FROM ${from} WHERE ${where} LIMIT ${limit}) AS t`, where: 'true' }
}

function bytesOf(reads: ReadonlyMap<number, ReadMeasure>, table: OwnedTable): number {
  return reads.get(table.no)?.bytes ?? 0
}

/** What of the limits is left. Spent, it ends the stream under way. */
class Budget {
  readonly #limits: SampleLimits
  readonly #cut = new AbortController()
  readonly #timer: NodeJS.Timeout
  #bytes = 0
  #spent: string | null = null

  constructor(limits: SampleLimits) {
    this.#limits = limits
    this.#timer = setTimeout(() => this.#end(`the time limit of ${limits.timeMs / 1000} s`), limits.timeMs)
  }

  get signal(): AbortSignal {
    return this.#cut.signal
  }

  /** The limit that keeps further rows out; null while none does. */
  get spent(): string | null {
    return this.#spent
  }

  /** How many rows of a table may be copied: none once a limit was reached. */
  rowsOf({ bytes, rows }: { readonly bytes: number; readonly rows: number }): number {
    if (this.#spent !== null) return 0
    const wanted = Math.min(this.#limits.rows, rows)
    const fitting = Math.floor((this.#limits.bytes - this.#bytes) / Math.max(1, bytes / rows))
    if (fitting < wanted) this.#spent = this.#bytesLimit()
    return Math.max(0, Math.min(wanted, fitting))
  }

  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > SLACK * this.#limits.bytes) this.#end(this.#bytesLimit())
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #bytesLimit(): string {
    return `the limit of ${this.#limits.bytes} bytes`
  }

  #end(why: string): void {
    this.#spent ??= why
    this.#cut.abort(new MoverError({ code: 'OM3012', message: `the sample reached ${why}`, hint: 'allow more under sample', retry: 'safe' }))
  }
}
