import { MoverError } from '../domain/errors.js'
import type { WindowEstimate } from '../domain/estimate.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { Fingerprint } from '../dataplane/fingerprint.js'
import type { Holder } from '../dataplane/guard.js'
import type { Progress } from '../observability/progress.js'
import type { ChunkRecord, Manifest, MoveJournal } from '../phases/context.js'
import { Paused } from '../phases/paused.js'
import type { ParticipantJournal } from '../participants/participant-run.js'
import type { Session } from '../postgres/session.js'
import type { Router } from '../routing/router.js'
import { CommitPoint } from './commit-point.js'
import { listCreatedObjects, markRemoved, recordCreatedObjects } from './created-objects.js'
import { listChunks, markChunks, putChunks } from './journal-chunks.js'
import { appendHeldEvent } from './journal-events.js'
import { beginParticipant, endParticipant, listParticipants } from './journal-participants.js'
import { putTables, setTableState } from './journal-tables.js'
import { loadMove, updateMove } from './journal.js'
import type { MovePatch } from './journal.js'
import type { MoveRow } from './move-row.js'
import { windowSpent } from './window-watch.js'
import type { WindowWatch } from './window-watch.js'

export interface BoundJournalOptions {
  readonly session: Session
  readonly holder: Holder
  readonly router: Router
  readonly retentionMs: number
  /** `user@host`, for the events. */
  readonly who: string
  readonly command: string
  /** What ends the work when the organization was frozen for too long; null for commands that go on all the same. */
  readonly window: WindowWatch | null
  /** Told how the move stands whenever its row was read. */
  readonly progress: Progress
}

/** The journal of one move, bound to the process that drives it: what the phases see of the control database. */
export class BoundJournal implements MoveJournal, ParticipantJournal {
  readonly #options: BoundJournalOptions
  readonly #commitPoint: CommitPoint
  #row: MoveRow
  #rowReadAtMs = performance.now()
  #pauseRequested = false

  private constructor(options: BoundJournalOptions, row: MoveRow) {
    this.#options = options
    this.#commitPoint = new CommitPoint(options, this)
    this.#row = row
    this.#pauseRequested = row.pauseRequested !== null
  }

  static async open(options: BoundJournalOptions): Promise<BoundJournal> {
    const journal = new BoundJournal(options, await loadMove(options.session, options.holder.moveId))
    journal.#tell()
    return journal
  }

  get row(): MoveRow {
    return this.#row
  }

  async update(patch: MovePatch): Promise<void> {
    await updateMove(this.#options.session, this.#options.holder, patch)
    await this.refresh()
  }

  /** Reads what others may have written meanwhile: that somebody asks for a rest. */
  async refresh(): Promise<void> {
    this.#row = await loadMove(this.#options.session, this.#options.holder.moveId)
    this.#rowReadAtMs = performance.now()
    this.#pauseRequested ||= this.#row.pauseRequested !== null
    this.#tell()
  }

  #tell(): void {
    const { id: moveId, org, source, target, state, maxWindowMs } = this.#row
    this.#options.progress({ kind: 'move', moveId, org, source, target, state, frozenForMs: this.frozenForMs(), maxWindowMs })
  }

  get isPauseRequested(): boolean {
    return this.#pauseRequested
  }

  /** By the control server's clock, and by this process's since the row was read; null where nothing is frozen, or not any more. */
  frozenForMs(): number | null {
    const { frozenSeconds, thawedAt } = this.#row
    return frozenSeconds === null || thawedAt !== null ? null : frozenSeconds * 1000 + (performance.now() - this.#rowReadAtMs)
  }

  assertGoesOn(): void {
    const { maxWindowMs } = this.#row
    const frozenForMs = this.frozenForMs()
    if (this.#options.window !== null && maxWindowMs !== null && frozenForMs !== null && frozenForMs > maxWindowMs) throw windowSpent(maxWindowMs)
    if (this.#pauseRequested) throw new Paused()
  }

  plan(): MovePlan {
    const { plan } = this.#row
    if (!isPlan(plan)) throw new MoverError({ code: 'OM2006', message: `move ${this.#row.id} has no plan yet: prepare has not ended`, hint: 'run `org-mover resume`', retry: 'safe' })
    return plan
  }

  hasPlan(): boolean {
    return isPlan(this.#row.plan)
  }

  manifest(): Manifest {
    return { pass: '', ...this.#row.manifest }
  }

  async savePlan(plan: MovePlan, rows: ReadonlyMap<number, number>): Promise<void> {
    await putTables(
      this.#options.session,
      this.#options.holder,
      plan.owned.map((table) => ({ tableNo: table.no, database: table.id.database, schema: table.id.schema, name: table.id.name, class: table.class, rowsPlanned: rows.get(table.no) ?? null })),
    )
    await this.update({ plan })
  }

  async saveFindings(findings: MoveRow['findings']): Promise<void> {
    await this.update({ findings })
  }

  async addToManifest(part: Partial<Manifest>): Promise<void> {
    await this.update({ manifest: { ...part } })
  }

  async markThawed(): Promise<void> {
    await this.update({ thawedAt: 'now' })
  }

  /** The route that the move starts from: read, or made where routing knows nothing of the organization yet. */
  async bindRoute(): Promise<void> {
    const { router } = this.#options
    const { org, source } = this.#row
    const route = (await router.read(org)) ?? (await router.set(org, source))
    if (route.cell !== source) {
      throw new MoverError({ code: 'OM5001', message: `routing says that ${route.cell} serves organization ${org}, not ${source}; nothing was changed`, hint: 'look at the route with `org-mover route get`', retry: 'after-fix' })
    }
    await this.update({ routeEpoch: route.epoch })
  }

  async confirmHeld(): Promise<void> {
    await this.update({})
  }

  async recordCreated(objects: Parameters<MoveJournal['recordCreated']>[0]): Promise<void> {
    await recordCreatedObjects(this.#options.session, this.#options.holder, objects)
  }

  async markCleaned(cell: string, database: string): Promise<void> {
    const objects = await listCreatedObjects(this.#options.session, this.#row.id, { cell, database })
    await markRemoved(this.#options.session, this.#options.holder, objects)
  }

  async created(): ReturnType<MoveJournal['created']> {
    return listCreatedObjects(this.#options.session, this.#row.id)
  }

  async putChunks(chunks: Parameters<MoveJournal['putChunks']>[0]): Promise<void> {
    await putChunks(this.#options.session, this.#options.holder, chunks)
  }

  async chunks(): Promise<readonly ChunkRecord[]> {
    const chunks = await listChunks(this.#options.session, this.#row.id)
    return chunks.map((chunk) => ({
      tableNo: chunk.tableNo,
      chunkNo: chunk.chunkNo,
      lower: bound(chunk.lower),
      upper: bound(chunk.upper),
      rows: chunk.rows ?? 0,
      loaded: chunk.loaded,
      verified: chunk.verified,
      purged: chunk.purged,
      differs: !chunk.verified && chunk.sourceFingerprint !== null && chunk.targetFingerprint !== null,
      stored: isFingerprint(chunk.storedFingerprint) ? chunk.storedFingerprint : null,
    }))
  }

  async markChunk(result: Parameters<MoveJournal['markChunk']>[0]): Promise<void> {
    const { tableNo, table, source, target, stored, ...mark } = result
    const { pauseRequested } = await markChunks(this.#options.session, this.#options.holder, { tableNo, ...(table && { state: table }) }, [
      { ...mark, ...(source && { sourceFingerprint: source }), ...(target && { targetFingerprint: target }), ...(stored && { storedFingerprint: stored }) },
    ])
    this.#pauseRequested ||= pauseRequested
  }

  async setTables(tableNos: readonly number[], state: 'pending' | 'running' | 'done'): Promise<void> {
    await setTableState(this.#options.session, this.#options.holder, tableNos, state)
  }

  async saveVerification(verification: NonNullable<MoveRow['verification']>): Promise<void> {
    await this.update({ verification })
  }

  verification(): MoveRow['verification'] {
    return this.#row.verification
  }

  async markFrozen(): Promise<void> {
    await this.update({ frozenAt: 'now' })
    this.watchWindow()
  }

  /** Where the move has a limit and is frozen already. */
  watchWindow(): void {
    const { maxWindowMs } = this.#row
    const frozenForMs = this.frozenForMs()
    if (maxWindowMs !== null && frozenForMs !== null) this.#options.window?.start(maxWindowMs, frozenForMs)
  }

  async saveEstimate(estimate: WindowEstimate): Promise<void> {
    await this.update({ estimate })
  }

  routeEpoch(): bigint | null {
    return this.#row.routeEpoch
  }

  retentionUntil(): Date | null {
    return this.#row.retentionUntil
  }

  async event(kind: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    const { session, holder, who, command } = this.#options
    await appendHeldEvent(session, holder, { who, command, kind, detail })
  }

  async participantRuns(): ReturnType<ParticipantJournal['participantRuns']> {
    return listParticipants(this.#options.session, this.#row.id)
  }

  async beginParticipant(...[participant, verb]: Parameters<ParticipantJournal['beginParticipant']>): Promise<number> {
    return beginParticipant(this.#options.session, this.#options.holder, participant, verb)
  }

  async endParticipant(...[participant, verb, end]: Parameters<ParticipantJournal['endParticipant']>): Promise<void> {
    await endParticipant(this.#options.session, this.#options.holder, { participant, verb, end })
  }

  async isCutOver(): Promise<boolean> {
    await this.refresh()
    return this.#commitPoint.isPassed()
  }

  async cutOver(): Promise<void> {
    await this.#commitPoint.pass()
    await this.refresh()
  }
}

function isPlan(plan: unknown): plan is MovePlan {
  return typeof plan === 'object' && plan !== null && 'owned' in plan && 'keySets' in plan
}

function isFingerprint(value: unknown): value is Fingerprint {
  return typeof value === 'object' && value !== null && 'rows' in value && 'a' in value && 'b' in value
}

function bound(values: readonly (string | null)[] | null): readonly string[] | null {
  return values === null ? null : values.map((value) => value ?? '')
}
