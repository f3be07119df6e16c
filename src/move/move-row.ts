import type { QueryResultRow } from 'pg'
import { bug } from '../domain/errors.js'
import type { ErrorDocument, Verification } from '../domain/documents.js'
import type { WindowEstimate } from '../domain/estimate.js'
import type { Finding } from '../domain/finding.js'
import type { MoveState, Phase } from '../domain/vocabulary.js'

/** A move as the list shows it: all but what is large. Instants are by the control server's clock. */
export interface MoveHead {
  readonly id: string
  readonly org: string
  readonly source: string
  readonly target: string
  readonly state: MoveState
  readonly phase: Phase | null
  readonly pauseBefore: Phase | null
  readonly epoch: bigint
  readonly leaseHolder: string | null
  readonly leaseUntil: Date | null
  readonly routeEpoch: bigint | null
  readonly verification: Verification | null
  readonly findings: readonly Finding[]
  readonly error: ErrorDocument | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly frozenAt: Date | null
  readonly thawedAt: Date | null
  readonly cutOverAt: Date | null
  readonly retentionUntil: Date | null
  readonly endedAt: Date | null
  readonly createdBy: string
  readonly bytesCopied: number
  /** Frozen for longer, the move takes itself back; null: no limit. */
  readonly maxWindowMs: number | null
  readonly estimate: WindowEstimate | null
  readonly pauseRequested: { readonly at: Date; readonly by: string } | null
  readonly activity: Activity | null
  /** Up to now, or to the thaw. */
  readonly frozenSeconds: number | null
  /** Below zero once the driver was silent for too long. */
  readonly leaseSecondsLeft: number | null
  /** Since the row was last written: by a heartbeat at the latest. */
  readonly heardSeconds: number
}

/** What a driver does, as it tells with its heartbeat. */
export interface Activity {
  readonly waiting: string | null
  readonly step: string | null
}

/** A move with its plan and manifest; what these two hold is known to those who wrote them. */
export interface MoveRow extends MoveHead {
  readonly plan: unknown
  readonly manifest: Readonly<Record<string, unknown>>
}

/** org_mover.move as pg yields it: bigint as text, jsonb parsed. */
/** What every document about a move begins with. */
export function headingOf({ id, org, source, target, state, phase }: MoveHead): { readonly moveId: string } & Pick<MoveHead, 'org' | 'source' | 'target' | 'state' | 'phase'> {
  return { moveId: id, org, source, target, state, phase }
}

export interface MoveHeadRecord extends QueryResultRow {
  id: string
  org: string
  source: string
  target: string
  state: MoveState
  phase: Phase | null
  pause_before: Phase | null
  epoch: string
  lease_holder: string | null
  lease_until: Date | null
  route_epoch: string | null
  verification: Verification | null
  findings: Finding[]
  error: ErrorDocument | null
  created_at: Date
  updated_at: Date
  frozen_at: Date | null
  thawed_at: Date | null
  cut_over_at: Date | null
  retention_until: Date | null
  ended_at: Date | null
  created_by: string
  bytes_copied: string
  max_window_ms: string | null
  estimate: WindowEstimate | null
  pause_requested_at: Date | null
  pause_requested_by: string | null
  activity: Activity | null
  frozen_seconds: number | null
  lease_seconds_left: number | null
  heard_seconds: number
}

export interface MoveRecord extends MoveHeadRecord {
  plan: unknown
  manifest: Record<string, unknown>
}

export function headOf(record: MoveHeadRecord): MoveHead {
  return {
    id: record.id,
    org: record.org,
    source: record.source,
    target: record.target,
    state: record.state,
    phase: record.phase,
    pauseBefore: record.pause_before,
    epoch: BigInt(record.epoch),
    leaseHolder: record.lease_holder,
    leaseUntil: record.lease_until,
    routeEpoch: record.route_epoch === null ? null : BigInt(record.route_epoch),
    verification: record.verification,
    findings: record.findings,
    error: record.error,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    frozenAt: record.frozen_at,
    thawedAt: record.thawed_at,
    cutOverAt: record.cut_over_at,
    retentionUntil: record.retention_until,
    endedAt: record.ended_at,
    createdBy: record.created_by,
    bytesCopied: countOf(record.bytes_copied),
    maxWindowMs: record.max_window_ms === null ? null : countOf(record.max_window_ms),
    estimate: record.estimate,
    pauseRequested: record.pause_requested_at === null ? null : { at: record.pause_requested_at, by: record.pause_requested_by ?? '' },
    activity: record.activity,
    frozenSeconds: record.frozen_seconds,
    leaseSecondsLeft: record.lease_seconds_left,
    heardSeconds: record.heard_seconds,
  }
}

export function moveOf(record: MoveRecord): MoveRow {
  return { ...headOf(record), plan: record.plan, manifest: record.manifest }
}

/** A count that came as text because it is a bigint. */
export function countOf(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count)) throw bug(`a count in the journal is no safe integer: ${text}`)
  return count
}
