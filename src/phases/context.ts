import type { Hook, Probe } from '../config/settings.js'
import type { Verification } from '../domain/documents.js'
import type { WindowEstimate } from '../domain/estimate.js'
import type { Finding } from '../domain/finding.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { SecretCount } from '../domain/secret-count.js'
import type { Side } from '../domain/vocabulary.js'
import type { CellDatabase } from '../dataplane/cell-database.js'
import type { Chunk } from '../dataplane/chunks.js'
import type { Fingerprint } from '../dataplane/fingerprint.js'
import type { Holder } from '../dataplane/guard.js'
import type { Pace } from '../dataplane/pace.js'
import type { Logger } from '../observability/logger.js'
import type { Progress } from '../observability/progress.js'
import type { Outside } from '../outside/call.js'
import type { Participants } from '../participants/participants.js'
import type { Router } from '../routing/router.js'
import type { Vault } from '../secrets/vault.js'

/** What every phase is given: `(ctx: MoveContext) => Promise<void>`, nothing returned, everything in the journal. */
export interface MoveContext {
  readonly holder: Holder
  readonly org: string
  /** Names of the cells. */
  readonly source: string
  readonly target: string
  readonly cells: Readonly<Record<Side, ReadonlyMap<string, CellDatabase>>>
  readonly journal: MoveJournal
  readonly router: Router
  /** Both cells' keys. Opened with the plan by each phase that reads rows of it. */
  readonly secrets: Vault
  /** The operator's own commands and services. */
  readonly outside: Outside
  /** What lives outside PostgreSQL. */
  readonly participants: Participants
  readonly options: PhaseOptions
  readonly progress: Progress
  /** What each chunk and each stream of this move waits for. */
  readonly pace: Pace
  readonly log: Logger
  /** Aborted by the operator, or when the lease is lost. */
  readonly signal: AbortSignal
}

export interface PhaseOptions {
  readonly jobs: number
  readonly chunkRows: number
  readonly maxBytesPerSecond: number | null
  readonly drainTimeoutMs: number
  readonly replicaTimeoutMs: number
  readonly repairAttempts: number
  readonly retentionMs: number
  readonly sequences: 'check' | 'advance'
  readonly maintenance: { readonly enter: readonly Hook[]; readonly ready: readonly Probe[]; readonly leave: readonly Hook[] }
  readonly waiveRetention: boolean
  /** Frozen for longer before its cutover, a move takes itself back; null: no limit. */
  readonly maxWindowMs: number | null
  /** VACUUM what was purged. */
  readonly vacuum: boolean
}

/** A chunk as the journal has it. */
export interface ChunkRecord extends Chunk {
  readonly rows: number
  readonly loaded: boolean
  readonly verified: boolean
  readonly purged: boolean
  /** The last verification found both sides different; until the next one, whatever was repaired since. */
  readonly differs: boolean
  /** What the source stored when it was verified: the purge deletes nothing else. */
  readonly stored: Fingerprint | null
}

type TableState = 'pending' | 'running' | 'done'

export interface ChunkResult {
  readonly tableNo: number
  readonly chunkNo: number
  /** State of its table from now on. */
  readonly table?: TableState
  readonly loaded?: boolean
  readonly verified?: boolean
  readonly purged?: boolean
  readonly rows?: number
  readonly bytes?: number
  readonly source?: Fingerprint
  readonly target?: Fingerprint
  readonly stored?: Fingerprint
}

/** One server as it was at the freeze. */
export interface ServerIdentity {
  readonly systemIdentifier: string
  readonly timeline: number
  readonly lsn: string
  /** Of its log, what is durable: a server that stands before it was set back. */
  readonly flushed?: string
  readonly version?: string
}

/** What was frozen, member by member in the journal. */
export interface Manifest {
  /** The setting with which the mover's own sessions pass the fence. */
  readonly pass: string
  readonly servers?: Readonly<Record<string, ServerIdentity>>
  /** The same as the last verification began, and right before the route flipped. */
  readonly serversAtVerification?: Readonly<Record<string, ServerIdentity>>
  readonly serversAtCutover?: Readonly<Record<string, ServerIdentity>>
  /** By `side/database` and table (`schema.name`): fingerprints of the move's tables and their partitions; '' for others in their schemas. */
  readonly catalogs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Lookup tables whose keys are the same on both cells: nothing is remapped. */
  readonly identicalLookups?: readonly number[]
  /** Digest of the pairs by which each lookup table was mapped: compared again at the cutover. */
  readonly lookupDigests?: Readonly<Record<string, string>>
  /** Owned rows by table number, counted after the freeze. */
  readonly rows?: Readonly<Record<string, number>>
  /** Counts of secrets by column and version of a key, of both sides. */
  readonly secrets?: readonly SecretCount[]
  /** Staged secrets: what the target needs to find the transport key, once all are sealed. */
  readonly sealed?: { readonly encapsulated: string }
  /** Staged secrets: all are written on the target. */
  readonly opened?: boolean
  /** Staged secrets: what the move rests for. */
  readonly awaits?: 'seal' | 'open' | null
  /** The application was, or may have been, put into maintenance, and not taken out of it. */
  readonly maintenance?: boolean
  /** How often differing chunks have been loaded again. */
  readonly repairs?: number
  /** The purge has deleted all that it may: what the mover keeps on the source is not needed any more, and may be gone in part. */
  readonly purged?: boolean
}

/**
 * The durable record of the move, bound to this driver: every write fails with OM3005 once another process has taken over.
 * Reads see this driver's writes.
 */
export interface MoveJournal {
  plan(): MovePlan
  /** False until prepare has ended. */
  hasPlan(): boolean
  manifest(): Manifest
  savePlan(plan: MovePlan, rows: ReadonlyMap<number, number>): Promise<void>
  saveFindings(findings: readonly Finding[]): Promise<void>
  addToManifest(part: Partial<Manifest>): Promise<void>
  /** A cell accepts writes to the organization again: from now on the time frozen stands. */
  markThawed(): Promise<void>
  /**
   * Throws OM3005 where another process has taken over. What is created without a guard to hold is created by a session that was open
   * before this: whoever takes over later ends that session, so that a driver that sleeps in between leaves nothing behind (P6).
   */
  confirmHeld(): Promise<void>
  /** Before anything is created on a cell. */
  recordCreated(objects: readonly { readonly cell: string; readonly database: string; readonly kind: string; readonly name: string }[]): Promise<void>
  /** The object's records of one cell database are done with. */
  markCleaned(cell: string, database: string): Promise<void>
  created(): Promise<readonly { readonly cell: string; readonly database: string }[]>
  putChunks(chunks: readonly (Chunk & { readonly rows: number | null })[]): Promise<void>
  chunks(): Promise<readonly ChunkRecord[]>
  markChunk(result: ChunkResult): Promise<void>
  setTables(tableNos: readonly number[], state: TableState): Promise<void>
  saveVerification(verification: Verification): Promise<void>
  verification(): Verification | null
  markFrozen(): Promise<void>
  saveEstimate(estimate: WindowEstimate): Promise<void>
  /** Between two chunks, and last before the flip. Throws Paused where somebody asked for a rest, OM3019 where the window is spent. Asks no server. */
  assertGoesOn(): void
  /** Whether the route has flipped: read from the route itself where the journal cannot know. */
  isCutOver(): Promise<boolean>
  /** The route and the journal in one transaction where they share a database (P7). Throws OM5001, OM5002. */
  cutOver(): Promise<void>
  /** The route that the move starts from, made where routing knows nothing of the organization yet. Throws OM5001. */
  bindRoute(): Promise<void>
  /** Epoch of the route as the move found it. */
  routeEpoch(): bigint | null
  retentionUntil(): Date | null
  event(kind: string, detail: Readonly<Record<string, unknown>>): Promise<void>
}


/** The database of a cell by its name in the plan. */
export function cellDatabase(ctx: Pick<MoveContext, 'cells'>, side: Side, database: string): CellDatabase {
  const found = ctx.cells[side].get(database)
  if (found === undefined) throw new RangeError(`no database ${database} on the ${side}`)
  return found
}
