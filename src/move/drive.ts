import { randomUUID } from 'node:crypto'
import { programVersion } from '../config/program-version.js'
import type { Settings } from '../config/settings.js'
import { errorDocument } from '../domain/documents.js'
import type { ErrorDocument, MoveDocument } from '../domain/documents.js'
import { asMoverError, MoverError } from '../domain/errors.js'
import type { MoveState, Side } from '../domain/vocabulary.js'
import { raiseGuard } from '../dataplane/guard.js'
import { applicationName } from '../dataplane/names.js'
import type { Logger } from '../observability/logger.js'
import type { Progress } from '../observability/progress.js'
import type { Outside } from '../outside/call.js'
import { haveBegun, Participants } from '../participants/participants.js'
import type { MoveContext } from '../phases/context.js'
import { Paused } from '../phases/paused.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { Router } from '../routing/router.js'
import { BoundJournal } from './bound-journal.js'
import { cellDatabases, openControl, vaultOf } from './cells.js'
import { leaseLost } from './journal-guard.js'
import type { Holder } from './journal-guard.js'
import { endPhase, listPhaseRuns, startPhase } from './journal-phases.js'
import type { PhaseOutcome } from './journal-phases.js'
import { acquireLease, Lease } from './lease.js'
import { loadMove } from './journal.js'
import { moveDocument } from './move-document.js'
import type { MoveRow } from './move-row.js'
import type { PhaseLog } from './run-move.js'
import { paceOf } from './throttle.js'
import { Waits } from './waits.js'
import { whoAmI } from './who-am-i.js'
import { WindowWatch } from './window-watch.js'

export interface DriveOptions {
  readonly settings: Settings
  readonly control: Session
  readonly router: Router
  readonly moveId: string
  readonly command: string
  readonly progress: Progress
  readonly log: Logger
  readonly outside: Outside
  readonly signal: AbortSignal
  readonly waiveRetention?: boolean
  /** The limit of the window holds for this command: it goes towards the cutover. */
  readonly keepsWindow?: boolean
  /** A new limit of the window, in milliseconds. */
  readonly maxWindowMs?: number
  /** Takes the move from a driver that is at work. */
  readonly takeOver?: boolean
  /** Whether the command still fits the move, now that no other process drives it: it may have waited for its operator. Throws; then nothing is written. */
  readonly assertFits: (move: MoveRow) => void
}

/** A move with its lease held by this process. */
export interface Drive {
  readonly ctx: MoveContext
  readonly journal: BoundJournal
  readonly phases: PhaseLog
}

/** What a failed command leaves behind in the journal. */
interface AfterFailure {
  readonly state: (thrown: MoverError, isUntouched: boolean) => MoveState | null
}

/**
 * Takes the lease, asks whether the command still fits, ends what an earlier driver left running, raises the guards to the new epoch, runs `work`, and gives the
 * lease back. A failure is written into the journal and into the document; an interruption, and a pause that somebody asked for, leave the move resumable.
 */
export async function drive(options: DriveOptions, after: AfterFailure, work: (drive: Drive) => Promise<void>): Promise<MoveDocument> {
  const { settings, control, moveId } = options
  const { epoch } = await acquireLease(control, moveId, `${whoAmI()} pid ${process.pid}`, settings.leaseMs, { fromLiving: options.takeOver ?? false })
  const holder = { moveId, epoch }
  // told from other moves' sessions, so that a successor can end what this one may leave half open
  await control.rows(`SELECT set_config('application_name', $1, false)`, [applicationName(moveId, epoch)])
  await using stack = new AsyncDisposableStack()
  const waits = new Waits(options.progress)
  const lease = stack.use(Lease.keep({ connect: () => openControl(settings), holder, leaseMs: settings.leaseMs, activity: () => waits.activity() }))
  using window = new WindowWatch()
  const signal = AbortSignal.any([options.signal, lease.signal, window.signal])
  const journal = await BoundJournal.open({ session: control, holder, router: options.router, retentionMs: settings.retentionMs, who: whoAmI(), command: options.command, window: options.keepsWindow === true ? window : null, progress: waits.progress })
  options.assertFits(journal.row)
  if (options.maxWindowMs !== undefined) await journal.update({ maxWindowMs: options.maxWindowMs })
  const ctx = await contextOf({ ...options, signal, progress: waits.progress }, journal, epoch, stack)
  const driving = { options, holder, lease, window, waits }
  try {
    await takeOver(ctx)
    await journal.event('started', { epoch: String(epoch), pid: process.pid, version: programVersion(), ...(options.takeOver === true ? { takeOver: true } : {}), ...(options.waiveRetention === true ? { waiveRetention: true } : {}), ...(options.maxWindowMs === undefined ? {} : { maxWindowSeconds: options.maxWindowMs / 1000 }) })
    // a flip whose answer was lost may have committed: then no clock takes the move back
    if (options.keepsWindow === true && journal.row.maxWindowMs !== null && !(await journal.isCutOver())) journal.watchWindow()
    await work({ ctx, journal, phases: await phaseLog(driving, journal) })
    await journal.event('ended', { state: journal.row.state })
    // what is told last is where the move rests, driven by nobody
    await lease.release()
    return await moveDocument(control, moveId)
  } catch (thrown) {
    if (thrown instanceof Paused && !signal.aborted) return await rest(driving, journal).catch((second: unknown) => recordFailure(driving, after, second))
    return await recordFailure(driving, after, thrown)
  }
}

async function contextOf(options: DriveOptions, journal: BoundJournal, epoch: bigint, stack: AsyncDisposableStack): Promise<MoveContext> {
  const { settings } = options
  const { source, target, org, id } = journal.row
  const name = applicationName(id, epoch)
  const pass = journal.manifest().pass === '' ? randomUUID() : journal.manifest().pass
  if (journal.manifest().pass === '') await journal.addToManifest({ pass })
  const side = (cell: string, which: Side): MoveContext['cells'][Side] => {
    const databases = cellDatabases({ settings, cell, side: which, applicationName: name, pass })
    for (const database of databases.values()) stack.use(database)
    return databases
  }
  const cells = { source: side(source, 'source'), target: side(target, 'target') }
  options.signal.addEventListener('abort', () => {
    // a statement under way does not hear of a signal; its connection's end does
    for (const which of ['source', 'target'] as const) for (const database of cells[which].values()) database.destroy()
  }, { once: true })
  const ctx: Omit<MoveContext, 'pace'> = {
    holder: { moveId: id, epoch },
    org,
    source,
    target,
    cells,
    journal,
    router: options.router,
    secrets: vaultOf(settings, { source, target }),
    outside: options.outside,
    participants: new Participants({ participants: settings.participants, outside: options.outside, move: { moveId: id, epoch, org, source, target }, journal, progress: options.progress, signal: options.signal }),
    options: {
      jobs: settings.copy.jobs,
      chunkRows: settings.copy.chunkRows,
      maxBytesPerSecond: settings.copy.maxBytesPerSecond,
      drainTimeoutMs: settings.drainTimeoutMs,
      replicaTimeoutMs: settings.replicaTimeoutMs,
      repairAttempts: settings.verify.repairAttempts,
      retentionMs: settings.retentionMs,
      sequences: settings.sequences,
      maintenance: settings.maintenance,
      waiveRetention: options.waiveRetention ?? false,
      maxWindowMs: journal.row.maxWindowMs,
      vacuum: settings.purge.vacuum,
    },
    progress: options.progress,
    log: options.log,
    signal: options.signal,
  }
  return { ...ctx, pace: paceOf(ctx, options.control, settings, options.command) }
}

/** An earlier driver may be dead, or asleep: its sessions end, and the guards' epoch ends its right to write (P6). */
async function takeOver(ctx: MoveContext): Promise<void> {
  const recorded = await ctx.journal.created()
  const prefix = applicationName(ctx.holder.moveId)
  for (const side of ['source', 'target'] as const) {
    for (const cell of ctx.cells[side].values()) {
      if (!recorded.some((object) => object.cell === cell.cell && object.database === cell.database)) continue
      await cell.admin.use(async (session) => {
        // asleep until now, this process would end its successor's sessions, and make a guard that nobody removes
        await ctx.journal.confirmHeld()
        await session.rows(sql('guard/terminate-older'), [prefix, applicationName(ctx.holder.moveId, ctx.holder.epoch)])
        const { installed } = await session.one<{ installed: boolean }>(sql('cell/is-installed'))
        if (installed) await raiseGuard(session, ctx.holder, { org: ctx.org, side, pass: ctx.journal.manifest().pass })
      })
    }
  }
}

async function phaseLog({ options: { control, progress }, holder, waits, window }: Driving, journal: BoundJournal): Promise<PhaseLog> {
  const done = new Set((await listPhaseRuns(control, holder.moveId)).filter((run) => run.outcome === 'done').map((run) => run.phase))
  return {
    // what `verify` found since does away with a verification that had passed
    isDone: (phase) => done.has(phase) && (phase !== 'verify' || journal.row.cutOverAt !== null || journal.verification()?.verdict === 'equal'),
    pausesBefore: async (phase) => {
      await journal.refresh()
      if (journal.row.pauseBefore !== phase && !journal.isPauseRequested) return false
      await journal.update({ state: 'paused', ...(journal.row.pauseBefore === phase ? { pauseBefore: null } : {}), phase })
      return true
    },
    begin: async (phase) => {
      // a cutover is never stopped half way by the clock: its last gate asks before the flip
      if (phase === 'cutover') window.stop()
      await startPhase(control, holder, phase)
      progress({ kind: 'phase', phase, state: 'started' })
    },
    end: async (phase) => {
      await tellWaits(journal, waits)
      await endPhase(control, holder, phase, 'done')
      progress({ kind: 'phase', phase, state: 'done' })
    },
  }
}

interface Driving {
  readonly options: DriveOptions
  /** As this process acquired it: the journal's row may already show the epoch of another. */
  readonly holder: Holder
  readonly lease: Lease
  readonly window: WindowWatch
  readonly waits: Waits
}

async function tellWaits(journal: BoundJournal, waits: Waits): Promise<void> {
  const ended = waits.take()
  if (ended.length > 0) await journal.event('waited', { phase: journal.row.phase, waits: ended })
}

/** Somebody asked for a pause: a move on its way to the cutover rests as paused, another command just ends. */
async function rest({ options, holder, lease, waits }: Driving, journal: BoundJournal): Promise<MoveDocument> {
  await tellWaits(journal, waits)
  // a chunk or a throttle may have heard of it, and not who it was
  await journal.refresh()
  const { phase, pauseRequested } = journal.row
  if (phase !== null) await endPhase(options.control, holder, phase, 'paused')
  if (journal.row.state === 'running') await journal.update({ state: 'paused' })
  await journal.event('paused', { askedBy: pauseRequested?.by ?? null })
  await lease.release()
  return { ...(await moveDocument(options.control, holder.moveId)), error: null }
}

/** Nothing is written after the lease was lost; an interruption is no error. */
async function recordFailure(driving: Driving, after: AfterFailure, thrown: unknown): Promise<MoveDocument> {
  const { options, holder, lease, window } = driving
  const { settings, moveId, signal } = options
  const wasInterrupted = signal.aborted
  options.log.debug({ err: thrown, moveId }, 'the move stopped')
  // the control connection may be what broke: a new one tells what can still be told
  await using session = await openControl(settings).catch(() => null) ?? undefined
  const [heard = asMoverError(thrown)] = [lease.signal, window.signal].flatMap((one) => (one.aborted && one.reason instanceof MoverError ? [one.reason] : []))
  if (session === undefined) throw withMove(heard, moveId)
  // what its server has not heard of still holds the move's row
  if (!options.control.isUsable) await session.rows(sql('journal/end-session'), [options.control.backendPid, applicationName(moveId, holder.epoch)]).catch(() => undefined)
  // a take-over ends its predecessor's sessions: what was thrown is then a lost connection, and the epoch tells why
  const isOvertaken = (await loadMove(session, moveId)).epoch !== holder.epoch
  const failure = isOvertaken ? leaseLost(holder) : heard
  const error: ErrorDocument | null = wasInterrupted ? null : errorDocument(failure)
  if (!lease.signal.aborted && !isOvertaken) {
    await journalFailure(driving, session, { failure, error, wasInterrupted }, after).catch((second: unknown) => {
      // what happened first is what the operator must read
      options.log.warn({ err: second, moveId }, 'the failure could not be written into the journal')
    })
  }
  await lease.release()
  const document = await moveDocument(session, moveId)
  if (wasInterrupted) return document
  const found = failure.findings.length > 0 ? failure.findings : document.findings
  return { ...document, error: errorDocument(failure), findings: found }
}

interface WhatFailed {
  readonly failure: MoverError
  readonly error: ErrorDocument | null
  readonly wasInterrupted: boolean
}

async function journalFailure({ options, holder, waits }: Driving, session: Session, { failure, error, wasInterrupted }: WhatFailed, after: AfterFailure): Promise<void> {
  const { settings } = options
  const outcome: PhaseOutcome = wasInterrupted ? 'interrupted' : 'failed'
  const bound = await BoundJournal.open({ session, holder, router: options.router, retentionMs: settings.retentionMs, who: whoAmI(), command: options.command, window: null, progress: () => undefined })
  const state = wasInterrupted && bound.row.state === 'running' ? 'paused' : after.state(failure, await isUntouched(bound))
  // an abort that finds the route flipped leaves a move that only resume may go on with
  const keeps = bound.row.cutOverAt !== null && (state === 'failed' || state === 'paused' || state === 'aborting')
  await tellWaits(bound, waits)
  if (bound.row.phase !== null) await endPhase(session, holder, bound.row.phase, outcome)
  await bound.update({ error, ...(state === null || keeps ? {} : { state }), ...(state === 'aborted' ? { endedAt: 'now' as const } : {}) })
  await bound.event(outcome, { code: wasInterrupted ? null : failure.code })
}

/** Neither on a cell nor with a participant is there anything of the move. */
async function isUntouched(journal: BoundJournal): Promise<boolean> {
  const { phase, frozenAt } = journal.row
  if ((phase !== null && phase !== 'prepare') || frozenAt !== null) return false
  return (await journal.created()).length === 0 && !haveBegun(await journal.participantRuns())
}

function withMove(failure: MoverError, moveId: string): MoverError {
  return new MoverError({ code: failure.code, message: failure.message, hint: failure.hint, retry: failure.retry, cause: failure, context: { ...failure.context, moveId }, findings: failure.findings })
}

