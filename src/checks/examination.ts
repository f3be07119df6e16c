import type { Catalog } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace, Severity } from '../domain/finding.js'
import type { ErrorCode } from '../domain/error-catalogue.js'
import type { MovePlan, TableShape } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import type { MapRelation } from '../dataplane/projection.js'
import { identityColumns } from '../dataplane/owned-rows.js'
import type { RowSource, Scope } from '../dataplane/owned-rows.js'
import type { SharedContext } from '../dataplane/shared-rows.js'
import { columnOf } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

/** A statement of a check that takes longer than this is reported instead of waited for. */
export const CHECK_LIMIT_MS = 120_000

/**
 * What the checks of prepare work on: both cells open for reading, the plan, and key sets, maps and shared sets as temporary
 * relations of these sessions. Nothing here writes anything that outlives them.
 */
export interface Examination {
  readonly plan: MovePlan
  readonly catalogs: Readonly<Record<Side, ReadonlyMap<string, Catalog>>>
  readonly session: (side: Side, database: string) => Session
  readonly scope: Scope
  readonly map: MapRelation
  readonly shared: SharedContext
  /** Owned rows on the source by table number. */
  readonly counts: ReadonlyMap<number, number>
  readonly sequences: 'check' | 'advance'
  readonly report: (found: Finding) => void
}

export interface Sample {
  readonly total: number
  readonly examples: readonly Readonly<Record<string, string | null>>[]
}

/** Counts rows that should not be, with a few keys. */
export async function sample(session: Session, table: TableShape, source: RowSource): Promise<Sample> {
  const key = table.identity === null ? table.columns.slice(0, 3) : identityColumns(table)
  const rows = await session.rows<{ key: (string | null)[]; total: string }>(sql('prepare/sample', { key: `ARRAY[${key.map((column) => `${columnOf('t', column.name)}::text`).join(', ')}]`, ...source }))
  return { total: Number(rows[0]?.total ?? 0), examples: rows.map((row) => Object.fromEntries(key.map((column, n) => [column.name, row.key[n] ?? null]))) }
}

/**
 * Runs one check of one table; a check that runs into the statement limit is a finding of its own, not an abort: the table
 * is then too large to be looked at without an index.
 */
export async function bounded(exam: Pick<Examination, 'report'>, place: FindingPlace, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof MoverError) || error.code !== 'OM3012') throw error
    exam.report(
      finding('OM2124', 'error', place, {
        message: `the check "${what}" did not end in bounded time`,
        hint: 'create an index on the columns it looks at, or run the check by hand and clean up what it finds',
      }),
    )
  }
}

export function placeOf(exam: Pick<Examination, 'plan'>, side: Side, table: Pick<TableShape, 'id'>): FindingPlace {
  return { cell: side === 'source' ? exam.plan.source : exam.plan.target, database: table.id.database, schema: table.id.schema, table: table.id.name }
}

/** Reports a sample that is not empty. */
export function reportRows(exam: Pick<Examination, 'report'>, code: ErrorCode, severity: Severity, place: FindingPlace, text: { readonly message: string; readonly hint: string }, rows: Sample): void {
  if (rows.total > 0) exam.report(finding(code, severity, place, text, { count: rows.total, examples: rows.examples }))
}

export function nameOf(table: Pick<TableShape, 'id'>): string {
  return `${table.id.schema}.${table.id.name}`
}
