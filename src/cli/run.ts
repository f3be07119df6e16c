import { asMoverError, MoverError } from '../domain/errors.js'
import type { ExitCode } from '../domain/exit-code.js'
import { createLogger } from '../observability/logger.js'
import { toAll } from '../observability/progress.js'
import type { Progress } from '../observability/progress.js'
import { parseArguments } from './arguments.js'
import { perform } from './commands.js'
import { createConfirm } from './confirm.js'
import { exitCodeOf } from './exit-code.js'
import type { InterruptSignal } from './exit-code.js'
import type { Host, Output } from './host.js'
import { isInterruption, listenForInterrupts } from './interrupts.js'
import type { GlobalOptions, Invocation } from './invocation.js'
import { nextCommand } from './next-command.js'
import { emptyOutcome, outcomeOfFailure } from './outcome.js'
import type { Outcome } from './outcome.js'
import { createProgressView } from './progress-view.js'
import { renderError, renderOutcome } from './render.js'
import { StatusArea } from './status-area.js'
import { screenOf } from './screen.js'
import { createStyle } from './style.js'
import type { Style } from './style.js'
import { openTelemetry } from './telemetry.js'
import type { Widths } from './wrap.js'

/** One command line from its reading to its exit code. Results go to stdout, everything else to stderr. */
export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  const parsed = parseArguments(argv)
  if (parsed.kind === 'help') {
    host.stdout.write(parsed.json ? jsonText({ help: parsed.text, error: null }) : parsed.text)
    return 0
  }
  if (parsed.kind === 'wrong') {
    const outcome = emptyOutcome(parsed.document, parsed.error, parsed.known)
    print(outcome, { host, json: parsed.json, next: null })
    return exitCodeOf({ command: null, outcome, hasFailed: true, interruptedBy: null })
  }
  const { invocation, options } = parsed
  const { outcome, hasFailed, interruptedBy } = await observed(invocation, options, host)
  print(outcome, { host, json: options.json, next: nextCommand(invocation, outcome, options.config) })
  if (interruptedBy !== null) host.stderr.write(`interrupted by ${interruptedBy}; nothing is lost: \`org-mover status\` shows moves, \`org-mover resume\` continues one\n`)
  return exitCodeOf({ command: invocation.command, outcome, hasFailed, interruptedBy })
}

interface Execution {
  readonly outcome: Outcome
  readonly hasFailed: boolean
  readonly interruptedBy: InterruptSignal | null
}

/** The command, and whoever looks at it from outside. */
async function observed(invocation: Invocation, options: GlobalOptions, host: Host): Promise<Execution> {
  const { command } = invocation
  const opened = await openTelemetry({ command, options, host, say: (line) => host.stderr.write(`${line}\n`) }).catch(asMoverError)
  if (opened instanceof MoverError) return { outcome: outcomeOfFailure(invocation, opened), hasFailed: true, interruptedBy: null }
  await using telemetry = opened
  const execution = await execute(invocation, { ...options, watchedBy: telemetry.progress }, host)
  const { outcome } = execution
  telemetry.ended(exitCodeOf({ command, ...execution }), outcome.kind === 'move' ? outcome.document : null)
  return execution
}

async function execute(invocation: Invocation, options: GlobalOptions & { readonly watchedBy: Progress }, host: Host): Promise<Execution> {
  const area = new StatusArea(host.stderr)
  const style = styleFor(host.stderr, host)
  const say = (line: string): void => area.print(`${line}\n`)
  const logger = createLogger({ level: options.logLevel, format: options.logFormat, colour: hasColour(host.stderr, host), destination: { write: (text) => area.print(text) } })
  using interrupts = listenForInterrupts(host, say)
  const giveUp = new AbortController()
  const signal = AbortSignal.any([interrupts.signal, giveUp.signal])
  using view = createProgressView({ output: host.stderr, area, clock: host.clock, style, isWanted: options.progress })
  const confirm = createConfirm({ host, area, signal, isYes: 'yes' in invocation && invocation.yes, isLenient: invocation.command === 'route set' })
  const show = (outcome: Outcome): void => {
    const lines = renderOutcome(outcome, styleFor(host.stdout, host), widthsFor(host.stdout))
    host.stdout.write(host.stdout.isTTY ? screenOf(lines, host.stdout) : `${lines.join('\n')}\n`)
  }
  const configFile = options.config ?? configFromEnvironment(host)
  try {
    const work = perform(invocation, { host, configFile, json: options.json, logger, signal, progress: toAll([view.progress, options.watchedBy]), confirm, say, show })
    const outcome = await Promise.race([work, host.stray])
    return { outcome, hasFailed: false, interruptedBy: interrupts.by }
  } catch (thrown) {
    giveUp.abort(thrown)
    logger.debug({ err: thrown }, 'command failed')
    const failure = interrupts.by !== null && isInterruption(thrown) ? null : asMoverError(thrown)
    return { outcome: outcomeOfFailure(invocation, failure), hasFailed: true, interruptedBy: interrupts.by }
  }
}

function configFromEnvironment({ env }: Host): string {
  const named = env['ORG_MOVER_CONFIG']
  return named === undefined || named === '' ? 'org-mover.yaml' : named
}

interface PrintOptions {
  readonly host: Host
  readonly json: boolean
  readonly next: string | null
}

function print(outcome: Outcome, { host, json, next }: PrintOptions): void {
  if (json) {
    host.stdout.write(jsonText(outcome.document))
    return
  }
  const lines = renderOutcome(outcome, styleFor(host.stdout, host), widthsFor(host.stdout))
  if (lines.length > 0) host.stdout.write(`${lines.join('\n')}\n`)
  const { error } = outcome.document
  if (error !== null) host.stderr.write(`${renderError(error, styleFor(host.stderr, host), host.stderr.columns ?? Number.POSITIVE_INFINITY).join('\n')}\n`)
  if (next !== null) host.stdout.write(`${lines.length > 0 ? '\n' : ''}next: ${next}\n`)
}

/** Documents are data: a bigint in one would be a bug, which JSON.stringify reports by throwing. */
function jsonText(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** What goes to a file or into a ticket is wrapped, too; a very wide terminal does not make prose easier to read. */
function widthsFor({ columns }: Host['stdout']): Widths {
  return { prose: Math.min(Math.max(columns ?? WIDTH_OF_FILES, NARROWEST), WIDEST), tables: columns === null ? Number.POSITIVE_INFINITY : Math.max(columns, NARROWEST) }
}

const NARROWEST = 60
const WIDEST = 120
const WIDTH_OF_FILES = 100

function styleFor(output: Output, host: Host): Style {
  return createStyle(hasColour(output, host))
}

function hasColour(output: Output, { env }: Host): boolean {
  return output.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}
