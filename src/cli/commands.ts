import { loadSettings } from '../config/load-settings.js'
import type { Settings } from '../config/settings.js'
import { asMoverError } from '../domain/errors.js'
import type { MoveDocument } from '../domain/documents.js'
import type { Logger } from '../observability/logger.js'
import type { Progress } from '../observability/progress.js'
import type { App, Confirm, MoveIo } from './app.js'
import type { Host } from './host.js'
import { initialize } from './init.js'
import { orInterrupted } from './interrupts.js'
import { drivesMove } from './invocation.js'
import type { Invocation } from './invocation.js'
import { outcomeOfFailure } from './outcome.js'
import type { Outcome } from './outcome.js'
import { outsideOf } from '../move/outside-of.js'
import { notify } from './notify.js'
import { programVersion } from '../config/program-version.js'
import { movePage } from './report/move-page.js'
import { planPage } from './report/plan-page.js'
import { writeReport } from './report/write-report.js'
import { printable } from './style.js'
import { watchStatus } from './watch.js'

export interface CommandContext {
  readonly host: Host
  readonly configFile: string
  readonly json: boolean
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly confirm: Confirm
  readonly say: (line: string) => void
  /** Shows an intermediate result, for --watch. */
  readonly show: (outcome: Outcome) => void
}

/** Runs a command to its document. Throws what the application throws. */
export async function perform(invocation: Invocation, context: CommandContext): Promise<Outcome> {
  const { host, logger, signal, progress, say } = context
  if (invocation.command === 'demo') {
    return { kind: 'move', document: await host.runDemo({ keep: invocation.keep, progress, logger, signal, say }) }
  }
  if (invocation.command === 'init') return initialize(context.configFile, host.env, (settings) => withApp(settings, context, (app) => app.init()))
  const settings = await loadSettings(context.configFile, host.env)
  return withApp(settings, context, (app) => (drivesMove(invocation.command) ? driven(app, invocation, { ...context, settings }) : performWith(app, invocation, context)))
}

/** Whoever is to be notified of moves is told how it ended, also where it ended in an error. */
async function driven(app: App, invocation: WithApp, context: CommandContext & { readonly settings: Settings }): Promise<Outcome> {
  const { settings, logger, say } = context
  const tell = async (outcome: Outcome): Promise<void> => {
    if (outcome.kind === 'move') await notify(invocation.command, outcome.document, { settings: settings.notify, app, outside: outsideOf(settings, logger), logger, say })
  }
  const outcome = await performWith(app, invocation, context).catch(async (thrown: unknown) => {
    await tell(outcomeOfFailure(invocation, asMoverError(thrown)))
    throw thrown
  })
  await tell(outcome)
  return outcome
}

async function withApp<T>(settings: Settings, { host, logger, signal }: CommandContext, use: (app: App) => Promise<T>): Promise<T> {
  const app = await host.createApp(settings, { logger, signal })
  try {
    return await use(app)
  } finally {
    await closeWithin(app, host, logger)
  }
}

/** A connection that hangs while it is closed must not keep the result from the operator, nor hide the first error. */
async function closeWithin(app: App, { clock }: Host, logger: Logger): Promise<void> {
  const patience = new AbortController()
  const closing = Promise.resolve(app[Symbol.asyncDispose]()).catch((err: unknown) => logger.warn({ err }, 'closing connections failed'))
  await Promise.race([closing, clock.sleep(CLOSE_PATIENCE_MS, patience.signal).catch(() => undefined)])
  patience.abort()
}

const CLOSE_PATIENCE_MS = 5000

type WithApp = Exclude<Invocation, { readonly command: 'demo' | 'init' }>

async function performWith(app: App, invocation: WithApp, context: CommandContext): Promise<Outcome> {
  const { signal, confirm, progress } = context
  const io: MoveIo = { progress, confirm, signal }
  switch (invocation.command) {
    case 'route set':
      return { kind: 'done', document: await app.routeSet(invocation.org, invocation.to, { confirm }) }
    case 'move':
      return { kind: 'move', document: await app.move({ ...moveRequest(invocation), ...(invocation.pauseBefore === null ? {} : { pauseBefore: invocation.pauseBefore }), ...limitOf(invocation) }, io) }
    case 'resume':
      return { kind: 'move', document: await app.resume(invocation.moveId, io, { ...limitOf(invocation), ...(invocation.takeOver ? { takeOver: true } : {}) }) }
    case 'pause':
      return { kind: 'move', document: await app.pause(invocation.moveId, { confirm }) }
    case 'verify':
      return verify(await app.verify(invocation.moveId, io), context)
    case 'abort':
      return { kind: 'move', document: await app.abort(invocation.moveId, io) }
    case 'purge': {
      const { waiveRetention } = invocation
      return { kind: 'move', document: await app.purge(invocation.moveId, waiveRetention === null ? {} : { waiveRetention }, io) }
    }
    case 'throttle':
      return { kind: 'move', document: await app.throttle(invocation.moveId, invocation.orders) }
    case 'secrets keygen':
      return { kind: 'done', document: await app.secretsKeygen(invocation.out) }
    case 'secrets seal':
      return { kind: 'move', document: await app.secretsSeal(invocation.moveId, io) }
    case 'secrets open':
      return { kind: 'move', document: await app.secretsOpen(invocation.moveId, invocation.privateKey, io) }
    default:
      return orInterrupted(look(app, invocation, context), signal)
  }
}

type Looking = Extract<Invocation, { readonly command: 'doctor' | 'route get' | 'discover' | 'plan' | 'status' | 'report' | 'list' }>

/** Commands that change nothing on any cell. */
async function look(app: App, invocation: Looking, context: CommandContext): Promise<Outcome> {
  switch (invocation.command) {
    case 'doctor':
      return { kind: 'check', document: await app.doctor() }
    case 'route get':
      return { kind: 'done', document: await app.routeGet(invocation.org) }
    case 'discover':
      return discover(app, invocation)
    case 'plan':
      return plan(app, invocation)
    case 'report':
      return report(app, invocation, context)
    case 'list': {
      const { org, state } = invocation
      return { kind: 'list', document: await app.list({ ...(org === null ? {} : { org }), ...(state === null ? {} : { state }) }) }
    }
    case 'status': {
      const { moveId } = invocation
      const read = async (): Promise<Outcome> =>
        moveId === null ? { kind: 'list', document: await app.list({ openOnly: true }) } : { kind: 'move', document: await app.status(moveId) }
      return invocation.watch ? watchStatus(read, context) : read()
    }
  }
}

/** The document looks as it did before: that the rows were read just now, and which, is told besides. */
function verify(document: MoveDocument, { say }: CommandContext): Outcome {
  const read = document.state === 'cut_over' ? `${document.source ?? 'the source'} was read again: it still holds what was verified before the cutover` : 'both sides were read again'
  if (document.error === null && document.verification.verdict === 'equal') say(`equal: ${printable(read)}`)
  return { kind: 'move', document }
}

async function discover(app: App, { cell, write, check }: Extract<Invocation, { readonly command: 'discover' }>): Promise<Outcome> {
  const where = cell === null ? {} : { cell }
  if (check) return { kind: 'check', document: await app.discover({ ...where, mode: 'check' }) }
  const document = await (write === null ? app.discover({ ...where, mode: 'show' }) : app.discover({ ...where, mode: 'write', directory: write }))
  return { kind: 'discover', document }
}

async function plan(app: App, invocation: Extract<Invocation, { readonly command: 'plan' }>): Promise<Outcome> {
  const document = await app.plan({ ...moveRequest(invocation), ...(invocation.sample ? { sample: true } : {}) })
  if (invocation.report === null) return { kind: 'plan', document }
  await writeReport(invocation.report, planPage(document, { at: new Date(), by: programVersion() }))
  return { kind: 'plan', document, file: invocation.report }
}

/** A page goes to a file, since nobody reads it in a terminal; with --json the document goes to standard output besides. */
async function report(app: App, { moveId, format, output }: Extract<Invocation, { readonly command: 'report' }>, { json }: CommandContext): Promise<Outcome> {
  const document = await app.report(moveId)
  if (document.report === null) return { kind: 'report', document, text: '' }
  const text = format === 'html' ? movePage(document, document.report).trimEnd() : JSON.stringify(document, null, 2)
  const file = output ?? (format === 'html' && !json ? `org-mover-${document.report.move.moveId}.html` : '-')
  if (file === '-') return { kind: 'report', document, text }
  await writeReport(file, `${text}\n`)
  return { kind: 'report', document, text: `the report is in ${printable(file)} (SHA-256 of its document ${document.sha256 ?? ''})` }
}

function limitOf({ maxWindowMs }: { readonly maxWindowMs: number | null }): { readonly maxWindowMs?: number } {
  return maxWindowMs === null ? {} : { maxWindowMs }
}

function moveRequest({ org, to, from }: Extract<Invocation, { readonly command: 'plan' | 'move' }>): { readonly org: string; readonly to: string; readonly from?: string } {
  return { org, to, ...(from === null ? {} : { from }) }
}
