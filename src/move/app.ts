import type { Settings } from '../config/settings.js'
import type { CheckDocument, DiscoverDocument, DoneDocument, ListDocument, MoveDocument, PlanDocument } from '../domain/documents.js'
import type { ReportDocument } from '../domain/report.js'
import type { MoveState, Phase } from '../domain/vocabulary.js'
import type { PaceOrders } from '../dataplane/pace.js'
import type { Logger } from '../observability/logger.js'
import { cellNamed } from './cells.js'
import { abort } from './commands/abort.js'
import type { MoveIo } from './commands/command-io.js'
import type { MoveRequest } from './commands/endpoints.js'
import { list } from './commands/list.js'
import { move, resume } from './commands/move.js'
import type { ResumeOptions } from './commands/move.js'
import { pause, throttle } from './commands/pace.js'
import { plan } from './commands/plan.js'
import { purge } from './commands/purge.js'
import { recorded } from './commands/recorded.js'
import { getRoute, setRoute } from './commands/route.js'
import { secretsKeygen, secretsOpen, secretsSeal } from './commands/secrets.js'
import { verify } from './commands/verify.js'
import { Connections } from './connections.js'
import { installControlSchema } from './control-schema.js'
import { discoverCell } from './discover.js'
import { doctor } from './doctor.js'
import { loadMove } from './journal.js'
import { lintDictionary } from './lint-dictionary.js'
import { moveDocument } from './move-document.js'
import { reportMove } from './report.js'
import { writeDictionary } from './write-dictionary.js'
import { assertDictionary } from './wrong-dictionary.js'

export function createApp(settings: Settings, options: { readonly logger: Logger; readonly signal: AbortSignal }): App {
  return new App(settings, options)
}

/** The commands, each a page of `commands/`, over connections that they share. */
export class App implements AsyncDisposable {
  readonly #at: Connections

  constructor(settings: Settings, options: { readonly logger: Logger; readonly signal: AbortSignal }) {
    this.#at = new Connections(settings, options)
  }

  async init(): Promise<DoneDocument> {
    const done = await installControlSchema(await this.#at.control())
    return { done: done.length > 0 ? done : ['the control schema is up to date'], org: null, cell: null, epoch: null, error: null }
  }

  async doctor(): Promise<CheckDocument> {
    const { settings, openCell, outside } = this.#at
    return doctor({ settings, open: openCell, control: () => this.#at.control(), outside: () => outside })
  }

  async routeGet(org: string): Promise<DoneDocument> {
    return getRoute(this.#at, org)
  }

  async routeSet(org: string, cell: string, io: Pick<MoveIo, 'confirm'>): Promise<DoneDocument> {
    return recorded(this.#at, { command: 'route set', org, cell }, () => setRoute(this.#at, org, cell, io))
  }

  async discover(request: { readonly cell?: string; readonly mode: 'show' } | { readonly cell?: string; readonly mode: 'write'; readonly directory: string }): Promise<DiscoverDocument>
  async discover(request: { readonly cell?: string; readonly mode: 'check' }): Promise<CheckDocument>
  async discover(request: { readonly cell?: string; readonly mode: 'show' | 'write' | 'check'; readonly directory?: string }): Promise<DiscoverDocument | CheckDocument> {
    const { settings, openCell } = this.#at
    const cell = request.cell ?? [...settings.cells.keys()][0] ?? ''
    cellNamed(settings, cell)
    const input = { settings, cell, open: openCell }
    if (request.mode === 'check') return lintDictionary(input)
    await assertDictionary(input)
    if (request.mode === 'write' && request.directory !== undefined) return writeDictionary({ ...input, directory: request.directory })
    return discoverCell(input)
  }

  async plan(request: MoveRequest & { readonly sample?: boolean }): Promise<PlanDocument> {
    return plan(this.#at, request)
  }

  async move(request: MoveRequest & { readonly pauseBefore?: Phase; readonly maxWindowMs?: number }, io: MoveIo): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'move', org: request.org, cell: request.to }, () => move(this.#at, request, io))
  }

  async resume(moveId: string, io: MoveIo, options: ResumeOptions = {}): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'resume', moveId }, () => resume(this.#at, moveId, io, options))
  }

  async pause(moveId: string, io: Pick<MoveIo, 'confirm'>): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'pause', moveId }, () => pause(this.#at, moveId, io))
  }

  async status(moveId: string): Promise<MoveDocument> {
    const control = await this.#at.ready()
    return moveDocument(control, (await loadMove(control, moveId)).id)
  }

  async report(moveId: string): Promise<ReportDocument> {
    return reportMove(await this.#at.ready(), moveId)
  }

  async list(filter: { readonly org?: string; readonly state?: MoveState; readonly openOnly?: boolean }): Promise<ListDocument> {
    return list(this.#at, filter)
  }

  async verify(moveId: string, io: MoveIo): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'verify', moveId }, () => verify(this.#at, moveId, io))
  }

  async abort(moveId: string, io: MoveIo): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'abort', moveId }, () => abort(this.#at, moveId, io))
  }

  async purge(moveId: string, options: { readonly waiveRetention?: string }, io: MoveIo): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'purge', moveId }, () => purge(this.#at, moveId, options, io))
  }

  async throttle(moveId: string, orders: PaceOrders): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'throttle', moveId }, () => throttle(this.#at, moveId, orders))
  }

  async secretsKeygen(file: string): Promise<DoneDocument> {
    return secretsKeygen(file)
  }

  async secretsSeal(moveId: string, io: MoveIo): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'secrets seal', moveId }, () => secretsSeal(this.#at, moveId, io))
  }

  async secretsOpen(moveId: string, privateKeyFile: string, io: MoveIo): Promise<MoveDocument> {
    return recorded(this.#at, { command: 'secrets open', moveId }, () => secretsOpen(this.#at, moveId, privateKeyFile, io))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#at[Symbol.asyncDispose]()
  }
}
