import type { ErrorDocument, MoveSummary, ParticipantDocument, Verification } from './documents.js'
import type { WindowEstimate } from './estimate.js'
import type { Finding } from './finding.js'
import type { SecretCount } from './secret-count.js'
import type { MoveState, Phase, Side } from './vocabulary.js'

/** All that the journal keeps of one move, for those who were not there. Instants are ISO 8601, by the control server's clock. */
export interface MoveReport {
  readonly generatedAt: string
  /** Version of the program that wrote the report; who moved stands with the phases. */
  readonly generatedBy: string
  readonly move: ReportedMove
  readonly verification: Verification
  /** What the move stopped at last; null where nothing did, or it was gone on with since. */
  readonly lastError: ErrorDocument | null
  readonly phases: readonly ReportedPhase[]
  readonly throughput: readonly Throughput[]
  readonly tables: readonly ReportedTable[]
  readonly findings: readonly Finding[]
  readonly decisions: readonly { readonly what: string; readonly detail: string }[]
  readonly secrets: readonly SecretCount[]
  /** What lives outside PostgreSQL: the last run of each verb, in the order in which they began. */
  readonly participants: readonly ReportedParticipant[]
  /** Each time that a maintenance hook or readiness probe ran. */
  readonly hooks: readonly ReportedHook[]
  readonly waits: readonly { readonly at: string; readonly phase: string; readonly reason: string; readonly seconds: number }[]
  readonly events: readonly { readonly at: string; readonly who: string; readonly command: string; readonly kind: string; readonly detail: Readonly<Record<string, unknown>> }[]
  readonly servers: readonly ReportedServer[]
  /** What the mover made on the cells; `removedAt` is null for what is still there. */
  readonly created: readonly { readonly cell: string; readonly database: string; readonly kind: string; readonly name: string; readonly removedAt: string | null }[]
  readonly notMoved: readonly NotMoved[]
}

export interface ReportedMove extends Pick<MoveSummary, 'fence' | 'next'> {
  readonly moveId: string
  readonly org: string
  readonly source: string
  readonly target: string
  readonly state: MoveState
  readonly phase: Phase | null
  readonly createdAt: string
  readonly createdBy: string
  readonly frozenAt: string | null
  readonly thawedAt: string | null
  readonly frozenSeconds: number | null
  readonly maxWindowSeconds: number | null
  readonly estimate: WindowEstimate | null
  readonly cutOverAt: string | null
  readonly retentionUntil: string | null
  readonly endedAt: string | null
  readonly bytesCopied: number
  readonly repairs: number
  readonly routeEpochBefore: string | null
  readonly routeEpochAfter: string | null
}

export interface ReportedPhase {
  readonly phase: Phase
  readonly startedAt: string
  readonly endedAt: string | null
  readonly seconds: number
  readonly outcome: string | null
  readonly driver: string | null
  readonly version: string | null
}

export interface ReportedParticipant extends ParticipantDocument {
  readonly startedAt: string
  /** How often the verb was begun anew; this is the last time. */
  readonly run: number
}

export interface ReportedHook {
  /** When it ended. */
  readonly at: string
  readonly moment: string
  /** In its list of the configuration, from 1. */
  readonly position: number
  /** Program, host or database; never its arguments. */
  readonly hook: string
  /** The cell that served. */
  readonly serving: string
  readonly outcome: string
  readonly seconds: number
  /** Of a probe, how often it was read; null for a hook, and where it failed. */
  readonly readings: number | null
}

export interface Throughput {
  readonly phase: Phase
  readonly at: string
  readonly seconds: number
  readonly rows: number
  readonly bytes: number
}

/** Count and digest of all rows of a table, comparable within this move only: its seeds come from the move's id. */
export interface TableFingerprint {
  readonly rows: number
  readonly digest: string
}

export interface ReportedTable {
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly class: string
  readonly state: string
  readonly chunks: number
  readonly bytes: number
  readonly rowsPlanned: number | null
  readonly rowsCopied: number
  readonly rowsVerified: number
  readonly rowsPurged: number
  readonly source: TableFingerprint | null
  readonly target: TableFingerprint | null
  /** Null where it was not compared to its end. */
  readonly isEqual: boolean | null
}

export interface ReportedServer {
  readonly side: Side
  readonly database: string
  readonly version: string | null
  readonly systemIdentifier: string
  readonly timeline: number
  readonly lsnAtFreeze: string
  readonly lsnAtCutover: string | null
}

export interface NotMoved {
  readonly what: string
  readonly why: string
}

/** `report`: the sum is SHA-256 over the compact JSON of `report`, as this program and `jq -cj .report` print it. */
export interface ReportDocument {
  readonly report: MoveReport | null
  readonly sha256: string | null
  readonly error: ErrorDocument | null
}

