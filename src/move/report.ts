import { createHash } from 'node:crypto'
import { programVersion } from '../config/program-version.js'
import { NOT_VERIFIED } from '../domain/documents.js'
import type { MovePlan } from '../domain/move-plan.js'
import { notMoved } from '../domain/not-moved.js'
import type { MoveReport, ReportDocument, ReportedHook, ReportedServer, ReportedTable, TableFingerprint, Throughput } from '../domain/report.js'
import type { Phase, Side } from '../domain/vocabulary.js'
import type { ServerIdentity } from '../phases/context.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { listEvents } from './journal-events.js'
import { listParticipants } from './journal-participants.js'
import { listPhaseRuns } from './journal-phases.js'
import { loadMove } from './journal.js'
import { moveDocument } from './move-document.js'
import { countOf, headingOf } from './move-row.js'
import type { MoveRow } from './move-row.js'
import { decisionsOf } from './report-decisions.js'

/**
 * The report of a move as the journal has it now, of one instant. Reads the control database alone, so that it can be made from any machine
 * and after both cells have forgotten the move. Throws OM1007.
 */
export async function reportMove(control: Session, moveId: string): Promise<ReportDocument> {
  const report = await control.transaction('REPEATABLE READ', () => readReport(control, moveId))
  return { report, sha256: createHash('sha256').update(JSON.stringify(report)).digest('hex'), error: null }
}

async function readReport(control: Session, idPrefix: string): Promise<MoveReport> {
  const row = await loadMove(control, idPrefix)
  const { fence, next, secrets, participants } = await moveDocument(control, row.id)
  const begun = await listParticipants(control, row.id)
  const runs = await listPhaseRuns(control, row.id)
  const events = (await listEvents(control, row.id)).map(({ at, who, command, kind, detail }) => ({ at: at.toISOString(), who, command, kind, detail }))
  const created = await control.rows<{ cell: string; database: string; kind: string; name: string; removed_at: Date | null }>(sql('journal/report-created'), [row.id])
  const { now } = await control.one<{ now: Date }>('SELECT clock_timestamp() AS now')
  return {
    generatedAt: now.toISOString(),
    generatedBy: programVersion(),
    move: { ...factsOf(row), fence, next },
    verification: { ...NOT_VERIFIED, ...row.verification },
    lastError: row.error,
    phases: runs.map(({ phase, startedAt, endedAt, seconds, outcome, driver, version }) => ({ phase, startedAt: startedAt.toISOString(), endedAt: iso(endedAt), seconds: rounded(seconds), outcome, driver, version })),
    throughput: await throughputOf(control, row.id),
    tables: await tablesOf(control, row.id),
    findings: row.findings,
    decisions: decisionsOf(row, events),
    secrets,
    participants: participants.map((one, n) => ({ ...one, startedAt: begun[n]?.started_at.toISOString() ?? '', run: begun[n]?.run ?? 1 })),
    hooks: events.filter(({ kind }) => kind === 'hook').map(hookOf),
    waits: events.filter(({ kind }) => kind === 'waited').flatMap(waitsOf),
    events,
    servers: serversOf(row.manifest),
    created: created.map(({ removed_at: removedAt, ...object }) => ({ ...object, removedAt: iso(removedAt) })),
    notMoved: isPlan(row.plan) ? notMoved(row.plan) : [],
  }
}

function factsOf(row: MoveRow): Omit<MoveReport['move'], 'fence' | 'next'> {
  const { manifest } = row
  return {
    ...headingOf(row),
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    frozenAt: iso(row.frozenAt),
    thawedAt: iso(row.thawedAt),
    frozenSeconds: row.frozenSeconds === null ? null : rounded(row.frozenSeconds),
    maxWindowSeconds: row.maxWindowMs === null ? null : row.maxWindowMs / 1000,
    estimate: row.estimate,
    cutOverAt: iso(row.cutOverAt),
    retentionUntil: iso(row.retentionUntil),
    endedAt: iso(row.endedAt),
    bytesCopied: row.bytesCopied,
    repairs: typeof manifest['repairs'] === 'number' ? manifest['repairs'] : 0,
    routeEpochBefore: row.routeEpoch === null ? null : String(row.routeEpoch),
    routeEpochAfter: typeof manifest['routeEpochAfter'] === 'string' ? manifest['routeEpochAfter'] : null,
  }
}

type TableRow = Readonly<Record<'database' | 'schema_name' | 'table_name' | 'class' | 'state' | 'chunks' | 'rows_copied' | 'rows_verified' | 'rows_purged' | 'bytes' | 'verified_chunks', string>> &
  Readonly<Record<'rows_planned' | 'source_rows' | 'source_a' | 'source_b' | 'target_rows' | 'target_a' | 'target_b', string | null>>

async function tablesOf(control: Session, moveId: string): Promise<readonly ReportedTable[]> {
  const rows = await control.rows<TableRow>(sql('journal/report-tables'), [moveId])
  return rows.map((row) => {
    const source = fingerprintOf(row.source_rows, row.source_a, row.source_b)
    const target = fingerprintOf(row.target_rows, row.target_a, row.target_b)
    const isCompared = source !== null && target !== null
    return {
      database: row.database,
      schema: row.schema_name,
      table: row.table_name,
      class: row.class,
      state: row.state,
      chunks: countOf(row.chunks),
      bytes: countOf(row.bytes),
      rowsPlanned: row.rows_planned === null ? null : countOf(row.rows_planned),
      rowsCopied: countOf(row.rows_copied),
      rowsVerified: countOf(row.rows_verified),
      rowsPurged: countOf(row.rows_purged),
      source,
      target,
      // every chunk was compared by itself, secrets included; the sums are what is shown of that
      isEqual: isCompared ? row.verified_chunks === row.chunks && source.rows === target.rows && source.digest === target.digest : null,
    }
  })
}

function fingerprintOf(rows: string | null, a: string | null, b: string | null): TableFingerprint | null {
  return rows === null || a === null || b === null ? null : { rows: countOf(rows), digest: createHash('sha256').update(`${a}/${b}`).digest('hex').slice(0, 32) }
}

async function throughputOf(control: Session, moveId: string): Promise<readonly Throughput[]> {
  const parts = await control.rows<{ phase: Phase; at: Date; seconds: number; rows: string; bytes: string }>(sql('journal/report-throughput'), [moveId])
  return parts.map(({ phase, at, seconds, rows, bytes }) => ({ phase, at: at.toISOString(), seconds: rounded(seconds), rows: countOf(rows), bytes: countOf(bytes) }))
}

function serversOf(manifest: MoveRow['manifest']): readonly ReportedServer[] {
  const later = serversIn(manifest['serversAtCutover'])
  return Object.entries(serversIn(manifest['servers'])).map(([key, server]) => {
    const side: Side = key.startsWith('source/') ? 'source' : 'target'
    return {
      side,
      database: key.slice(side.length + 1),
      version: server.version ?? null,
      systemIdentifier: server.systemIdentifier,
      timeline: server.timeline,
      lsnAtFreeze: server.lsn,
      lsnAtCutover: later[key]?.lsn ?? null,
    }
  })
}

function serversIn(value: unknown): Readonly<Record<string, ServerIdentity>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, ServerIdentity>>) : {}
}

function waitsOf({ at, detail }: MoveReport['events'][number]): MoveReport['waits'] {
  const { phase, waits } = detail
  if (!Array.isArray(waits)) return []
  return (waits as readonly { readonly reason: string; readonly seconds: number }[]).map(({ reason, seconds }) => ({ at, phase: typeof phase === 'string' ? phase : '', reason, seconds }))
}

function hookOf({ at, detail }: MoveReport['events'][number]): ReportedHook {
  const [word, count] = [(name: string) => (typeof detail[name] === 'string' ? detail[name] : ''), (name: string) => (typeof detail[name] === 'number' ? detail[name] : 0)]
  return { at, moment: word('moment'), position: count('position'), hook: word('hook'), serving: word('serving'), outcome: word('outcome'), seconds: count('seconds'), readings: typeof detail['readings'] === 'number' ? detail['readings'] : null }
}

function isPlan(plan: unknown): plan is MovePlan {
  return typeof plan === 'object' && plan !== null && 'skipped' in plan && 'owned' in plan
}

function iso(instant: Date | null): string | null {
  return instant === null ? null : instant.toISOString()
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
