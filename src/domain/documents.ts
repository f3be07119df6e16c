import type { Finding } from './finding.js'
import type { MoverError, Retry } from './errors.js'
import type { PlanStep } from './plan-steps.js'
import type { NotMoved } from './report.js'
import type { Room } from './room.js'
import type { SecretCount } from './secret-count.js'
import type { MoveState, Origin, ParticipantVerb, Phase, Strategy, TableClass } from './vocabulary.js'

/** The JSON documents that commands print with `--json`. Fields may be added, never removed or renamed. */

export interface ErrorDocument {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly retry: Retry
}

export function errorDocument({ code, message, hint, retry }: MoverError): ErrorDocument {
  return { code, message, hint, retry }
}

interface Document {
  readonly error: ErrorDocument | null
}

export interface RuleDocument {
  readonly kind: 'root' | 'direct' | 'via' | 'any_of'
  readonly columns: readonly string[]
  readonly path: readonly string[]
}

export interface DiscoveredTable {
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly class: TableClass
  readonly rule: RuleDocument | null
  readonly strategy: Strategy | null
  readonly origin: Origin | null
  readonly predicate: string | null
}

export interface DiscoverDocument extends Document {
  readonly cell: string
  readonly tables: readonly DiscoveredTable[]
  readonly findings: readonly Finding[]
}

export interface PlannedTable {
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly class: TableClass
  readonly rows: number
  readonly rowsExact: boolean
  readonly bytes: number
  readonly chunks: number
  readonly index: string | null
}

export interface SampledTableDocument {
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly rows: number
  readonly bytes: number
  readonly seconds: number
}

export interface PlanDocument extends Document {
  readonly org: string
  readonly source: string | null
  readonly target: string
  readonly tables: readonly PlannedTable[]
  readonly totals: { readonly tables: number; readonly rows: number; readonly bytes: number }
  /** What the organization needs on the target and what is free there; null where the cell's capacity is not configured. */
  readonly room: Room | null
  /** What else the move would do to the cells, in words. */
  readonly besides: readonly string[]
  readonly estimate: { readonly windowSeconds: number | null; readonly basis: string }
  /** What `--sample` measured; null without it. */
  readonly sample: { readonly tables: readonly SampledTableDocument[]; readonly cutShort: string | null } | null
  /** Tables with rows of the organization, added up by class. */
  readonly classes: readonly { readonly class: TableClass; readonly tables: number; readonly rows: number; readonly bytes: number }[]
  readonly notMoved: readonly NotMoved[]
  readonly steps: readonly PlanStep[]
  readonly findings: readonly Finding[]
  readonly blocking: boolean
  /** False where errors about the schema, declarations or rights kept every check of rows from running: there may be more to find. */
  readonly rowsChecked: boolean
}

export interface CheckDocument extends Document {
  readonly checks: readonly {
    readonly cell: string
    readonly database: string | null
    readonly name: string
    readonly ok: boolean
    readonly message: string
  }[]
  readonly findings: readonly Finding[]
}

/** `init` and `route`. */
export interface DoneDocument extends Document {
  readonly done: readonly string[]
  readonly org: string | null
  readonly cell: string | null
  readonly epoch: number | null
}

export interface MovedTable {
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly rowsPlanned: number | null
  readonly rowsCopied: number
  readonly rowsVerified: number
  readonly rowsPurged: number
  readonly state: 'pending' | 'running' | 'done'
}

export type Verdict = 'equal' | 'different' | 'incomplete' | 'not_run'
export type DifferenceKind = 'missing' | 'extraneous' | 'mismatching'

export interface Difference {
  readonly schema: string
  readonly table: string
  readonly primaryKey: Readonly<Record<string, string | null>>
  readonly kind: DifferenceKind
  /** Columns that differ, by name; the values themselves are never shown. */
  readonly columns: readonly string[]
}

export interface Verification {
  readonly verdict: Verdict
  readonly tables: number
  readonly rows: number
  readonly missing: number
  readonly extraneous: number
  readonly mismatching: number
  readonly examples: readonly Difference[]
}

export interface MoveSummary extends Document {
  readonly moveId: string | null
  readonly org: string | null
  readonly source: string | null
  readonly target: string | null
  readonly state: MoveState | null
  readonly phase: Phase | null
  readonly verification: Verification
  readonly timings: readonly { readonly phase: Phase; readonly seconds: number }[]
  readonly frozenSeconds: number | null
  readonly bytesCopied: number
  readonly findings: readonly Finding[]
  readonly next: string | null
  readonly createdAt: string | null
  readonly createdBy: string | null
  /** Who drives the move; `isAlive` is false once it was silent for longer than its lease: then another process may resume. */
  readonly lease: { readonly holder: string; readonly isAlive: boolean; readonly heardSecondsAgo: number; readonly secondsLeft: number } | null
  /** What the cells do with writes to the organization's rows. */
  readonly fence: { readonly source: FenceState; readonly target: FenceState } | null
  readonly window: { readonly maxSeconds: number | null; readonly estimateSeconds: number | null; readonly frozenSeconds: number | null } | null
  /** Why nothing moves right now, as the driver told with its last heartbeat. */
  readonly waiting: string | null
  readonly pauseRequested: { readonly at: string; readonly by: string } | null
  /** After the cutover: until when the source keeps the rows, unless that is waived. Null before it, and after the purge. */
  readonly retainedUntil: string | null
}

/** `setting` and `lifting`: some tables may be fenced, others not. */
export type FenceState = 'none' | 'setting' | 'rejects' | 'lifting'

/** The phase under way; rates over the last minute. */
export interface Progressing {
  readonly rowsDone: number
  readonly rowsTotal: number
  readonly rowsPerSecond: number
  readonly bytesPerSecond: number | null
  readonly etaSeconds: number | null
}

/** How fast a move may go. */
export interface Throttle {
  /** By an operator's order, else as its driver was configured; null: no limit. */
  readonly maxBytesPerSecond: number | null
  readonly paused: boolean
  /** What the process that drives the move waits for right now, or null. */
  readonly waitsFor: string | null
}

/** `move`, `resume`, `abort`, `purge`, `verify`, `throttle`, `status MOVE_ID`. */
export interface MoveDocument extends MoveSummary {
  /** Null as long as nobody has asked for anything and no chunk was begun. */
  readonly throttle: Throttle | null
  readonly tables: readonly MovedTable[]
  /** Secret columns by side: how many values were opened by which version of a key. */
  readonly secrets: readonly SecretCount[]
  readonly progress: Progressing | null
  /** What lives outside PostgreSQL: the last run of each verb, in the order in which they began. */
  readonly participants: readonly ParticipantDocument[]
}

export interface ParticipantDocument {
  readonly participant: string
  readonly verb: ParticipantVerb
  readonly state: 'running' | 'done' | 'failed'
  readonly attempts: number
  readonly seconds: number
  /** What it wanted to be seen, as text. */
  readonly facts: Readonly<Record<string, string>>
  readonly error: string | null
}

/** `list`, and `status` without a move id. */
export interface ListDocument extends Document {
  readonly moves: readonly MoveSummary[]
}

export const NOT_VERIFIED: Verification = { verdict: 'not_run', tables: 0, rows: 0, missing: 0, extraneous: 0, mismatching: 0, examples: [] }
