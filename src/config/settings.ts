import type { SampleLimits } from '../domain/sampled-rate.js'
import type { Tenancy } from '../domain/tenancy.js'
import type { ParticipantVerb } from '../domain/vocabulary.js'

/** The configuration after loading: defaults filled in, environment expanded, paths absolute, dictionary read. Holds credentials: never log it. */
export interface Settings {
  readonly file: string
  /** Where the file is: what paths in it are relative to, and where commands run. */
  readonly directory: string
  /** For keyrings, whose values may be `env:NAME`. Holds credentials. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cells: ReadonlyMap<string, CellSettings>
  readonly control: string
  readonly routing: RoutingSettings
  readonly tenancy: Tenancy
  /** Codec modules of the operator's own, as absolute paths. */
  readonly secrets: { readonly codecs: readonly string[]; readonly mode: 'inline' | 'staged'; readonly workers: number | null }
  readonly maintenance: {
    readonly fence: 'triggers'
    readonly enter: readonly Hook[]
    readonly ready: readonly Probe[]
    readonly leave: readonly Hook[]
  }
  readonly participants: readonly ParticipantSettings[]
  readonly copy: { readonly jobs: number; readonly chunkRows: number; readonly maxBytesPerSecond: number | null }
  /** Of `plan --sample`. */
  readonly sample: SampleLimits
  readonly throttle: ThrottleSettings
  /** How often differing chunks are loaded again, over the whole move. */
  readonly verify: { readonly repairAttempts: number }
  readonly leaseMs: number
  readonly lockTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly replicaTimeoutMs: number
  readonly sequences: 'check' | 'advance'
  readonly retentionMs: number
  readonly purge: { readonly vacuum: boolean }
  readonly confirmCutover: boolean
  readonly notify: NotifySettings
}

/** Who is told when a command that drives a move has ended. */
export interface NotifySettings {
  /** Folder for reports; null: none are written. */
  readonly reports: string | null
  readonly hooks: readonly TimedCallee[]
}

export type TimedCallee = { readonly timeoutMs: number } & Callee

/** What a move waits for between chunks; null: does not matter. On the cell that it writes to. */
export interface ThrottleSettings {
  readonly maxReplicaLagBytes: number | null
  readonly maxWalBacklogBytes: number | null
  readonly maxLockWaits: number | null
  /** Each yields one number; above zero is waited for. */
  readonly probes: readonly Hook[]
}

export interface CellSettings {
  readonly name: string
  readonly databases: ReadonlyMap<string, DatabaseSettings>
  readonly keyring: string | null
  /** Public key to which secrets for this cell are sealed. */
  readonly transportKey: string | null
  /** Moves from or to the cell that may be under way at once; null for any number. */
  readonly maxMoves: number | null
  /** Null: its room does not matter. */
  readonly capacity: CapacitySettings | null
}

/** How much room a cell has, by each measure that is not null. */
export interface CapacitySettings {
  readonly bytes: number | null
  readonly organizations: number | null
  readonly probe: TimedCallee | null
}

export interface DatabaseSettings {
  readonly url: string
  readonly readFrom: string | null
  readonly searchPath: string | null
}

export type RoutingSettings = PostgresRouting | OutsideRouting

/** A router of the operator's own, asked by command or HTTP. */
export interface OutsideRouting {
  readonly kind: 'outside'
  readonly callee: Callee
  readonly timeoutMs: number
}

export interface PostgresRouting {
  readonly kind: 'postgres'
  /** Null: the routing table is in the control database, so that the flip and the journal commit together. */
  readonly url: string | null
  readonly table: { readonly schema: string; readonly name: string }
  readonly orgColumn: string
  readonly cellColumn: string
  readonly epochColumn: string | null
  /** Cell name to what stands in the cell column. */
  readonly cellValues: ReadonlyMap<string, string>
  /** True for the table that `init` creates. */
  readonly isOwn: boolean
}

/** A program or service of the operator's own. */
export type Callee =
  | { readonly kind: 'command'; readonly command: readonly string[] }
  /** Headers may hold credentials. */
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }

export type Hook = { readonly timeoutMs: number } & ({ readonly kind: 'sql'; readonly sql: string; /** Null: the cell that serves at that moment. */ readonly side: 'source' | 'target' | null; readonly database: string } | Callee)

/** A hook before the freeze that yields one number. */
export type Probe = Hook & {
  /** Between two readings. */
  readonly gapMs: number
  /** Over all readings. */
  readonly limitMs: number
}

/** What of an organization lives outside PostgreSQL, and who moves it. */
export interface ParticipantSettings {
  readonly name: string
  readonly callee: Callee
  readonly verbs: readonly ParticipantVerb[]
  readonly timeoutMs: number
  readonly timeoutsMs: ReadonlyMap<ParticipantVerb, number>
  readonly retries: number
  readonly maxLag: number
  readonly lagGapMs: number
  readonly lagLimitMs: number
  /** Handed on as they are; may hold credentials. */
  readonly options: Readonly<Record<string, unknown>>
}
