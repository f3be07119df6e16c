import type { Settings } from '../config/settings.js'
import { applicationName } from '../dataplane/names.js'
import type { Logger } from '../observability/logger.js'
import type { Outside } from '../outside/call.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { Session } from '../postgres/session.js'
import { OutsideRouter } from '../routing/outside-router.js'
import { PostgresRouter } from '../routing/postgres-router.js'
import type { Router } from '../routing/router.js'
import { openControl, openForChecks } from './cells.js'
import type { MoveIo } from './commands/command-io.js'
import { assertControlSchema } from './control-schema.js'
import type { DriveOptions } from './drive.js'
import type { MoveRow } from './move-row.js'
import { outsideOf } from './outside-of.js'

/** What the commands work with. The control database and routing are opened when first needed, once; cells by each command for itself. */
export class Connections implements AsyncDisposable {
  readonly settings: Settings
  readonly log: Logger
  readonly outside: Outside
  /** For commands that are given none of their own. */
  readonly signal: AbortSignal
  readonly #stack = new AsyncDisposableStack()
  #control: Promise<Session> | null = null
  #router: Promise<Router> | null = null

  constructor(settings: Settings, { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal }) {
    this.settings = settings
    this.log = logger
    this.signal = signal
    this.outside = outsideOf(settings, logger)
  }

  /** A reading session of a cell's database; the caller closes it. */
  readonly openCell = (cell: string, database: string): Promise<Session> => openForChecks(this.settings, cell, database, applicationName(null))

  /** The control database, whatever its schema. */
  control(): Promise<Session> {
    this.#control ??= openControl(this.settings).then((session) => this.#stack.use(session))
    return this.#control
  }

  /** The control database with a schema that fits this program. Throws OM2013 where it does not. */
  async ready(): Promise<Session> {
    const session = await this.control()
    await assertControlSchema(session)
    return session
  }

  router(): Promise<Router> {
    this.#router ??= this.#openRouter()
    return this.#router
  }

  async driveOptions(move: MoveRow, command: string, io: MoveIo, assertFits: DriveOptions['assertFits']): Promise<DriveOptions> {
    const { settings, log, outside } = this
    return { assertFits, settings, control: await this.ready(), router: await this.router(), moveId: move.id, command, progress: io.progress, log, outside, signal: io.signal }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]()
  }

  /** Routing in the control database shares its session, so that the flip and the journal commit together. */
  async #openRouter(): Promise<Router> {
    const { routing, lockTimeoutMs, answerTimeoutMs } = this.settings
    if (routing.kind === 'outside') return new OutsideRouter({ outside: this.outside, routing, cells: [...this.settings.cells.keys()] })
    const session = routing.url === null ? await this.ready() : this.#stack.use(await Session.open({ url: routing.url, role: 'admin', label: 'routing', applicationName: applicationName(null), lockTimeoutMs, answerTimeoutMs }))
    return new PostgresRouter(session, routing)
  }
}
