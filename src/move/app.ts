import type { Settings } from '../config/settings.js'
import { examine } from '../checks/examine.js'
import type { CheckDocument, DiscoverDocument, DoneDocument, ListDocument, MoveDocument, PlanDocument } from '../domain/documents.js'
import { formatDuration } from '../domain/durations.js'
import { MoverError } from '../domain/errors.js'
import type { ReportDocument } from '../domain/report.js'
import { ENDED_STATES, MOVE_STATES } from '../domain/vocabulary.js'
import type { MovePhase, MoveState, Phase } from '../domain/vocabulary.js'
import { applicationName } from '../dataplane/names.js'
import type { PaceOrders } from '../dataplane/pace.js'
import type { Logger } from '../observability/logger.js'
import type { Progress } from '../observability/progress.js'
import { abort } from '../phases/abort.js'
import { assertMayPurge, purge } from '../phases/purge.js'
import type { Outside } from '../outside/call.js'
import { openSecrets } from '../phases/open-secrets.js'
import { sealSecrets } from '../phases/seal-secrets.js'
import { verify } from '../phases/verify.js'
import { verifyManifest } from '../phases/verify-manifest.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { generateTransportKey } from '../secrets/transport-key.js'
import { OutsideRouter } from '../routing/outside-router.js'
import { PostgresRouter } from '../routing/postgres-router.js'
import type { Router } from '../routing/router.js'
import { cellNamed, openControl, openForChecks, vaultOf } from './cells.js'
import { checkParticipants } from './check-participants.js'
import { assertControlSchema, installControlSchema } from './control-schema.js'
import { discoverCell } from './discover.js'
import { doctor } from './doctor.js'
import { drive } from './drive.js'
import type { DriveOptions } from './drive.js'
import { appendEvent } from './journal-events.js'
import { listPhaseRuns } from './journal-phases.js'
import { createMove, findRetainingMove, listMoves, loadMove } from './journal.js'
import { lintDictionary } from './lint-dictionary.js'
import { moveDocument, moveSummary } from './move-document.js'
import type { MoveRow } from './move-row.js'
import { assertPausable, requestPause } from './pause-move.js'
import { outsideOf } from './outside-of.js'
import { planDocument } from './plan-document.js'
import { reportMove } from './report.js'
import { runMove } from './run-move.js'
import { whoAmI } from './who-am-i.js'
import { takeBackWhenSpent, windowNotice } from './window-limit.js'
import { wrongState } from './wrong-state.js'
import { orderPace } from './throttle.js'
import { awaitsSecrets, stagedMove } from './staged-move.js'
import { assertDictionary } from './wrong-dictionary.js'
import { writeDictionary } from './write-dictionary.js'

interface MoveIo {
  readonly progress: Progress
  readonly confirm: (summary: readonly string[]) => Promise<boolean>
  readonly signal: AbortSignal
}

interface MoveRequest {
  readonly org: string
  readonly to: string
  readonly from?: string
}

export interface ResumeOptions {
  /** A new limit of the window. */
  readonly maxWindowMs?: number
  /** From a driver that is at work, too. */
  readonly takeOver?: boolean
}

interface AppOptions {
  readonly logger: Logger
  readonly signal: AbortSignal
}

export function createApp(settings: Settings, options: AppOptions): App {
  return new App(settings, options)
}

/** The commands. Opens the control database when first needed; cells are opened by each command for itself. */
export class App implements AsyncDisposable {
  readonly #settings: Settings
  readonly #log: Logger
  readonly #stack = new AsyncDisposableStack()
  #control: Promise<Session> | null = null
  #router: Promise<Router> | null = null
  readonly #outside: Outside
  readonly #signal: AbortSignal

  constructor(settings: Settings, { logger, signal }: AppOptions) {
    this.#signal = signal
    this.#settings = settings
    this.#log = logger
    this.#outside = outsideOf(settings, logger)
  }

  async init(): Promise<DoneDocument> {
    const session = await this.#openControl()
    const done = await installControlSchema(session)
    return { done: done.length > 0 ? done : ['the control schema is up to date'], org: null, cell: null, epoch: null, error: null }
  }

  async doctor(): Promise<CheckDocument> {
    return doctor({ settings: this.#settings, open: this.#open, control: () => this.#openControl(), outside: () => this.#outside })
  }

  async routeGet(org: string): Promise<DoneDocument> {
    const route = await (await this.#route()).read(org)
    if (route === null) throw unknownOrganization(org)
    return { done: [`organization ${org} is served by ${route.cell}`], org, cell: route.cell, epoch: route.epoch === null ? null : Number(route.epoch), error: null }
  }

  async routeSet(org: string, cell: string, { confirm }: Pick<MoveIo, 'confirm'>): Promise<DoneDocument> {
    cellNamed(this.#settings, cell)
    const control = await this.#ready()
    const [active] = await listMoves(control, { org, states: MOVE_STATES.filter((state) => !(ENDED_STATES as readonly MoveState[]).includes(state)) })
    const router = await this.#route()
    const before = await router.read(org).catch(() => null)
    if (active !== undefined && active.state !== 'cut_over') throw new MoverError({ code: 'OM2003', message: `organization ${org} has a move that has not ended (${active.id}, ${active.state}); its route was not changed`, hint: `resume or abort it first`, retry: 'after-fix' })
    if (!(await confirm([`route organization ${org} to ${cell}${before === null ? '' : ` (now ${before.cell})`}; no row is moved`]))) throw declined()
    const route = await router.set(org, cell)
    await appendEvent(control, null, { who: whoAmI(), command: 'route set', kind: 'route', detail: { org, cell } })
    return { done: [`organization ${org} is routed to ${cell}`], org, cell, epoch: route.epoch === null ? null : Number(route.epoch), error: null }
  }

  async discover(request: { readonly cell?: string; readonly mode: 'show' } | { readonly cell?: string; readonly mode: 'write'; readonly directory: string }): Promise<DiscoverDocument>
  async discover(request: { readonly cell?: string; readonly mode: 'check' }): Promise<CheckDocument>
  async discover(request: { readonly cell?: string; readonly mode: 'show' | 'write' | 'check'; readonly directory?: string }): Promise<DiscoverDocument | CheckDocument> {
    const cell = request.cell ?? [...this.#settings.cells.keys()][0] ?? ''
    cellNamed(this.#settings, cell)
    const input = { settings: this.#settings, cell, open: this.#open }
    if (request.mode === 'check') return lintDictionary(input)
    await assertDictionary(input)
    if (request.mode === 'write' && request.directory !== undefined) return writeDictionary({ ...input, directory: request.directory })
    return discoverCell(input)
  }

  async plan(request: MoveRequest): Promise<PlanDocument> {
    const { source } = await this.#endpoints(request)
    await this.#assertDictionary(source)
    const examined = await examine(this.#examination(request, source))
    const elsewhere = await checkParticipants(this.#settings, this.#outside, { org: request.org, source, target: request.to, signal: this.#signal })
    const rehearsed = await (await this.#route()).rehearse({ org: request.org, from: source, to: request.to })
    return planDocument(this.#settings, { org: request.org, source, target: request.to }, { ...examined, findings: [...examined.findings, ...elsewhere, ...rehearsed] }, await this.#publications(source))
  }

  async move(request: MoveRequest & { readonly pauseBefore?: Phase; readonly maxWindowMs?: number }, io: MoveIo): Promise<MoveDocument> {
    const control = await this.#ready()
    const { source } = await this.#endpoints(request)
    await this.#assertDictionary(source)
    const retaining = await findRetainingMove(control, request.org, request.to)
    const lines = [
      `move organization ${request.org} from ${source} to ${request.to}`,
      `prepare looks at both cells and stops at any finding; from the freeze on, ${source} rejects writes to the organization`,
      request.pauseBefore === undefined ? 'the route flips when verification has passed' : `pauses before ${request.pauseBefore}`,
      ...(request.maxWindowMs === undefined ? [] : [`it does not begin if the window is estimated longer than ${formatDuration(request.maxWindowMs)}, and takes itself back when that is spent before the cutover`]),
    ]
    if (retaining === null && !(await io.confirm(lines))) throw declined()
    const move = await createMove(control, { org: request.org, source, target: request.to, pauseBefore: request.pauseBefore ?? null, createdBy: whoAmI(), maxWindowMs: request.maxWindowMs ?? null }, this.#limits())
    return this.#run(move, 'move', io)
  }

  async resume(moveId: string, io: MoveIo, options: ResumeOptions = {}): Promise<MoveDocument> {
    const control = await this.#ready()
    const move = await loadMove(control, moveId)
    if (move.state === 'completed' || move.state === 'aborted') return settled(await moveDocument(control, move.id))
    assertResumable(move)
    const runs = await listPhaseRuns(control, move.id)
    if (move.state === 'cut_over' && runs.some((run) => run.phase === 'cutover' && run.outcome === 'done')) return settled(await moveDocument(control, move.id))
    if (!(await io.confirm([`resume the move of organization ${move.org} from ${move.source} to ${move.target} (${move.state}${move.phase === null ? '' : `, ${move.phase}`})`, ...[windowNotice(move, options.maxWindowMs ?? null)].filter((line) => line !== null)]))) throw declined()
    // a driver that is at work is not taken from on one careless answer
    if (options.takeOver === true && (move.leaseSecondsLeft ?? 0) > 0 && !(await io.confirm([`${move.leaseHolder ?? 'another process'} drives this move, and was heard of ${Math.round(move.heardSeconds)} s ago: take it from there? What it has under way is rolled back, and it ends`]))) throw declined()
    return this.#run(move, 'resume', io, options)
  }

  /** Asks the driver of the move to rest; through the control database, from any machine. */
  async pause(moveId: string, io: Pick<MoveIo, 'confirm'>): Promise<MoveDocument> {
    const control = await this.#ready()
    const move = await loadMove(control, moveId)
    if (move.state === 'paused') return settled(await moveDocument(control, move.id))
    assertPausable(move)
    if (!(await io.confirm([`ask ${move.leaseHolder ?? 'the driver'} to pause the move of organization ${move.org} at the next chunk or phase${move.frozenAt === null || move.cutOverAt !== null ? '' : '; the organization stays frozen'}`]))) throw declined()
    return requestPause(control, move.id)
  }

  async status(moveId: string): Promise<MoveDocument> {
    const control = await this.#ready()
    return moveDocument(control, (await loadMove(control, moveId)).id)
  }

  async report(moveId: string): Promise<ReportDocument> {
    return reportMove(await this.#ready(), moveId)
  }

  async list(filter: { readonly org?: string; readonly state?: MoveState; readonly openOnly?: boolean }): Promise<ListDocument> {
    const control = await this.#ready()
    const open = MOVE_STATES.filter((state) => !(ENDED_STATES as readonly MoveState[]).includes(state))
    const states = filter.state === undefined ? (filter.openOnly === true ? open : undefined) : [filter.state]
    const heads = await listMoves(control, { ...(filter.org === undefined ? {} : { org: filter.org }), ...(states === undefined ? {} : { states }) })
    const moves = []
    for (const head of heads) moves.push(moveSummary(head, await listPhaseRuns(control, head.id)))
    return { moves, error: null }
  }

  async verify(moveId: string, io: MoveIo): Promise<MoveDocument> {
    const control = await this.#ready()
    const move = await loadMove(control, moveId)
    const runs = await listPhaseRuns(control, move.id)
    const copied = runs.some((run) => run.phase === 'copy' && run.outcome === 'done')
    if (!copied) throw wrongState(move, 'has not been copied yet', `run \`org-mover resume ${move.id}\``)
    assertComparable(move)
    return drive(await this.#driveOptions(move, 'verify', io, assertComparable), { state: () => null }, async ({ ctx, journal }) => {
      await (journal.row.cutOverAt === null ? verify(ctx) : verifyManifest(ctx))
      // what stopped the move before is not an error of this command
      await journal.update({ error: null })
    })
  }

  async abort(moveId: string, io: MoveIo): Promise<MoveDocument> {
    const control = await this.#ready()
    const move = await loadMove(control, moveId)
    if (move.state === 'aborted') return settled(await moveDocument(control, move.id))
    assertAbortable(move)
    if (!(await io.confirm([`abort the move of organization ${move.org}: ${move.source} serves it again, what was loaded on ${move.target} is deleted`]))) throw declined()
    return drive(await this.#driveOptions(move, 'abort', io, assertAbortable), { state: unlessRouted }, async ({ ctx, journal }) => {
      if (await journal.isCutOver()) throw wrongState(move, 'has cut over: it can only be completed', `run \`org-mover resume ${move.id}\``)
      await journal.update({ state: 'aborting', error: null })
      await abort(ctx)
      await journal.update({ state: 'aborted', thawedAt: 'now', endedAt: 'now' })
    })
  }

  async purge(moveId: string, options: { readonly waiveRetention?: string }, io: MoveIo): Promise<MoveDocument> {
    const control = await this.#ready()
    const move = await loadMove(control, moveId)
    if (move.state === 'completed') return settled(await moveDocument(control, move.id))
    assertPurgeable(move)
    const runs = await listPhaseRuns(control, move.id)
    if (!runs.some((run) => run.phase === 'cutover' && run.outcome === 'done')) throw wrongState(move, 'has flipped the route, but its cutover has not ended: the target may still be fenced', `run \`org-mover resume ${move.id}\` first`)
    if (options.waiveRetention !== undefined && options.waiveRetention !== move.org) {
      throw new MoverError({ code: 'OM1004', message: `--waive-retention names organization ${options.waiveRetention}, this move is of ${move.org}; nothing was deleted`, hint: 'name the organization of the move', retry: 'after-fix' })
    }
    const driving = { ...(await this.#driveOptions(move, 'purge', io, assertPurgeable)), waiveRetention: options.waiveRetention !== undefined }
    let state: MoveState = move.state
    return drive(driving, { state: () => state }, async ({ ctx, journal, phases }) => {
      await assertMayPurge(ctx)
      if (!(await io.confirm([`delete organization ${move.org} from ${move.source}: ${Object.values(ctx.journal.manifest().rows ?? {}).reduce((sum, n) => sum + n, 0)} rows, for good`]))) throw declined()
      state = 'purging'
      await journal.update({ state, error: null })
      await phases.begin('purge')
      await purge(ctx)
      await phases.end('purge')
      await journal.update({ state: 'completed', endedAt: 'now' })
    })
  }

  async throttle(moveId: string, orders: PaceOrders): Promise<MoveDocument> {
    const control = await this.#ready()
    const move = await loadMove(control, moveId)
    assertNotEnded(move)
    await orderPace(control, move.id, orders)
    await appendEvent(control, move.id, { who: whoAmI(), command: 'throttle', kind: 'throttled', detail: { ...orders } })
    return settled(await moveDocument(control, move.id))
  }

  async secretsKeygen(file: string): Promise<DoneDocument> {
    const key = await generateTransportKey(file)
    return { done: [`the private key is in ${file}; keep it where the keys of the target are`, `pin the public one under the target's cell: transport_key: "${key}"`], org: null, cell: null, epoch: null, error: null }
  }

  async secretsSeal(moveId: string, io: MoveIo): Promise<MoveDocument> {
    const move = await stagedMove(await this.#ready(), { mode: this.#settings.secrets.mode, moveId, past: 'freeze' })
    if (!(await io.confirm([`seal the secrets of organization ${move.org} on ${move.source} for ${move.target}`]))) throw declined()
    return drive(await this.#driveOptions(move, 'secrets seal', io, assertBeforeCutover), { state: () => null }, async ({ ctx, journal }) => {
      await ctx.secrets.open(ctx.journal.plan())
      await sealSecrets(ctx)
      await journal.update({ error: null })
    })
  }

  async secretsOpen(moveId: string, privateKeyFile: string, io: MoveIo): Promise<MoveDocument> {
    const move = await stagedMove(await this.#ready(), { mode: this.#settings.secrets.mode, moveId, past: 'copy' })
    if (!(await io.confirm([`open the secrets of organization ${move.org} on ${move.target} and write them into the loaded rows`]))) throw declined()
    return drive(await this.#driveOptions(move, 'secrets open', io, assertBeforeCutover), { state: () => null }, async ({ ctx, journal }) => {
      await ctx.secrets.open(ctx.journal.plan())
      await openSecrets(ctx, privateKeyFile)
      await journal.update({ error: null })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]()
  }

  async #run(move: MoveRow, command: string, io: MoveIo, resume: ResumeOptions = {}): Promise<MoveDocument> {
    const after = { state: endsUntouched }
    const options = await this.#driveOptions(move, command, io, assertResumable)
    const document = await drive({ ...options, ...resume, keepsWindow: true }, after, async ({ ctx, journal, phases }) => {
      if (journal.row.cutOverAt === null) await journal.update({ state: 'running', error: null })
      const asked = { ...phases, pausesBefore: async (phase: MovePhase) => (await phases.pausesBefore(phase)) || (await awaitsSecrets(ctx, journal, phase)) || (phase === 'cutover' && (await this.#mustAsk(move, io))) }
      // under the move's name: what an earlier driver left half open does not count among the transactions that a freeze waits for
      const name = applicationName(ctx.holder.moveId, ctx.holder.epoch)
      const outcome = await runMove(ctx, asked, { tenancy: this.#settings.tenancy, open: (side, database) => openForChecks(this.#settings, side === 'source' ? move.source : move.target, database, name) })
      if (outcome === 'paused') await journal.update({ state: 'paused' })
      else await journal.update({ error: null })
    })
    return takeBackWhenSpent(document, { ...options, assertFits: assertAbortable })
  }

  /** Whose consumers see a purge as deletions. */
  async #publications(cell: string): Promise<readonly string[]> {
    const names: string[] = []
    for (const database of cellNamed(this.#settings, cell).databases.keys()) {
      await using session = await this.#open(cell, database)
      for (const { name } of await session.rows<{ name: string }>(sql('prepare/publications'))) names.push(`${name} in ${database}`)
    }
    return names
  }

  #limits(): ReadonlyMap<string, number> {
    return new Map([...this.#settings.cells.values()].flatMap(({ name, maxMoves }) => (maxMoves === null ? [] : [[name, maxMoves]])))
  }

  /** `confirm_cutover`: a person's go, at the last moment. */
  async #mustAsk(move: MoveRow, io: MoveIo): Promise<boolean> {
    if (!this.#settings.confirmCutover) return false
    return !(await io.confirm([`verification passed. Flip the route of organization ${move.org} from ${move.source} to ${move.target}? This is the point of no return`]))
  }

  async #driveOptions(move: MoveRow, command: string, io: MoveIo, assertFits: DriveOptions['assertFits']): Promise<DriveOptions> {
    return { assertFits, settings: this.#settings, control: await this.#ready(), router: await this.#route(), moveId: move.id, command, progress: io.progress, log: this.#log, outside: this.#outside, signal: io.signal }
  }

  /** Which cell the organization leaves: routing's word, or --from where routing knows nothing. */
  async #endpoints(request: MoveRequest): Promise<{ readonly source: string }> {
    cellNamed(this.#settings, request.to)
    if (request.from !== undefined) cellNamed(this.#settings, request.from)
    await this.#ready()
    const route = await (await this.#route()).read(request.org)
    const source = route?.cell ?? request.from
    if (source === undefined) throw unknownOrganization(request.org)
    if (request.from !== undefined && request.from !== source) {
      throw new MoverError({ code: 'OM2002', message: `routing says that ${source} serves organization ${request.org}, not ${request.from}`, hint: 'leave --from out, or repair the route with `org-mover route set`', retry: 'after-fix' })
    }
    if (source === request.to) throw new MoverError({ code: 'OM2001', message: `organization ${request.org} is on ${request.to} already`, hint: 'nothing to do, or name another cell', retry: 'never' })
    return { source }
  }

  #assertDictionary(cell: string): Promise<void> {
    return assertDictionary({ settings: this.#settings, cell, open: this.#open })
  }

  #examination(request: MoveRequest, source: string): Parameters<typeof examine>[0] {
    return {
      org: request.org,
      source,
      target: request.to,
      tenancy: this.#settings.tenancy,
      sequences: this.#settings.sequences,
      databases: [...cellNamed(this.#settings, source).databases.keys()],
      open: (side, database) => this.#open(side === 'source' ? source : request.to, database),
      secrets: vaultOf(this.#settings, { source, target: request.to }),
    }
  }

  readonly #open = (cell: string, database: string): Promise<Session> => openForChecks(this.#settings, cell, database, applicationName(null))

  /** The control database, opened once. */
  #openControl(): Promise<Session> {
    this.#control ??= openControl(this.#settings).then((session) => this.#stack.use(session))
    return this.#control
  }

  /** The control database with a schema that fits this program. */
  async #ready(): Promise<Session> {
    const session = await this.#openControl()
    await assertControlSchema(session)
    return session
  }

  #route(): Promise<Router> {
    this.#router ??= this.#openRouter()
    return this.#router
  }

  /** Routing in the control database shares its session, so that the flip and the journal commit together. */
  async #openRouter(): Promise<Router> {
    const { routing, lockTimeoutMs, answerTimeoutMs } = this.#settings
    if (routing.kind === 'outside') return new OutsideRouter({ outside: this.#outside, routing, cells: [...this.#settings.cells.keys()] })
    const session = routing.url === null ? await this.#ready() : this.#stack.use(await Session.open({ url: routing.url, role: 'admin', label: 'routing', applicationName: applicationName(null), lockTimeoutMs, answerTimeoutMs }))
    return new PostgresRouter(session, routing)
  }
}

/** A move that has touched nothing, and would stop at the same again, ends: the next one can begin. What may just be run again stays, and so does what a bug left. */
function endsUntouched({ code, retry }: MoverError, isUntouched: boolean): MoveState {
  return isUntouched && retry !== 'safe' && !code.startsWith('OM9') ? 'aborted' : 'failed'
}

/** Whoever could not be told where the route leads has taken nothing back yet: the move can still go either way. */
function unlessRouted({ code }: MoverError): MoveState | null {
  return code === 'OM5001' || code === 'OM3014' || code === 'OM3015' ? null : 'aborting'
}

function assertResumable(move: MoveRow): void {
  if (move.state === 'aborting') throw wrongState(move, 'is being aborted', `run \`org-mover abort ${move.id}\``)
  if (move.state === 'purging') throw wrongState(move, 'is being purged', `run \`org-mover purge ${move.id}\``)
  assertNotEnded(move)
}

function assertAbortable(move: MoveRow): void {
  if (move.cutOverAt !== null) throw wrongState(move, 'has cut over: it can only be completed', `the organization is served by ${move.target}; run \`org-mover resume ${move.id}\` or \`org-mover purge ${move.id}\``)
  assertNotEnded(move)
}

function assertPurgeable(move: MoveRow): void {
  if (move.state !== 'cut_over' && move.state !== 'purging') throw wrongState(move, `is ${move.state}: only what has cut over can be purged`, `run \`org-mover status ${move.id}\``)
}

function assertComparable(move: MoveRow): void {
  if (move.state === 'aborting') throw wrongState(move, 'is being aborted', 'there is nothing left to compare')
  assertNotEnded(move)
}

function assertBeforeCutover(move: MoveRow): void {
  assertResumable(move)
  assertAbortable(move)
}

function assertNotEnded(move: MoveRow): void {
  if (move.state === 'completed' || move.state === 'aborted') throw wrongState(move, `is ${move.state}`, 'there is nothing left to do')
}

function settled(document: MoveDocument): MoveDocument {
  return { ...document, error: null }
}

function unknownOrganization(org: string): MoverError {
  return new MoverError({ code: 'OM1006', message: `routing knows nothing of organization ${org}`, hint: 'check the id, or name the cell that serves it with --from (the first route is then made for it)', retry: 'after-fix' })
}

function declined(): MoverError {
  return new MoverError({ code: 'OM1008', message: 'declined; nothing was changed', hint: 'run the command again when it may go on', retry: 'safe' })
}
