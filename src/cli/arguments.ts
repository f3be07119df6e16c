import { CommanderError } from 'commander'
import { MoverError } from '../domain/errors.js'
import { LOG_FORMATS, LOG_LEVELS } from '../observability/logger.js'
import type { DocumentKind, GlobalOptions, Invocation } from './invocation.js'
import { DOCUMENT_KINDS, documentKindOf, drivesMove } from './invocation.js'
import type { Known } from './outcome.js'
import { createProgram } from './program.js'
import { Usage } from './usage.js'

export type Parsed =
  | { readonly kind: 'run'; readonly invocation: Invocation; readonly options: GlobalOptions }
  | { readonly kind: 'help'; readonly text: string; readonly json: boolean }
  | { readonly kind: 'wrong'; readonly error: MoverError; readonly json: boolean; readonly document: DocumentKind; readonly known: Known }

/** Reads the command line. All problems of usage are found at once; nothing is printed here. */
export function parseArguments(argv: readonly string[]): Parsed {
  const usage = new Usage()
  const printed: string[] = []
  let invocation: Invocation | null = null
  const program = createProgram({ usage, print: (text) => printed.push(text), run: (chosen) => (invocation = chosen) })
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--json')
  try {
    program.parse(argv, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.exitCode === 0) return { kind: 'help', text: printed.join(''), json }
    usage.report(argv.length === 0 || thrown.code === 'commander.help' ? 'a command is required' : thrown.message.replace(/^error: /, ''))
  }
  const options = globalOptions(program.opts(), usage)
  const chosen = invocation as Invocation | null
  if (chosen?.command === 'status' && chosen.watch && options.json) usage.report('--json and --watch exclude each other: --json prints exactly one document')
  if (chosen !== null && !drivesMove(chosen.command) && (options.metricsPort !== null || options.metricsFile !== null)) usage.report(`--metrics-port and --metrics-file are for commands that drive a move; ${chosen.command} does not`)
  if (chosen === null || usage.problems.length > 0) return wrongUsage(usage, argv, { json, chosen })
  return { kind: 'run', invocation: chosen, options }
}

function globalOptions(raw: Readonly<Record<string, unknown>>, usage: Usage): GlobalOptions {
  return {
    config: typeof raw['config'] === 'string' ? raw['config'] : null,
    json: raw['json'] === true,
    logLevel: usage.oneOf('--log-level', raw['logLevel'], LOG_LEVELS) ?? 'warn',
    logFormat: usage.oneOf('--log-format', raw['logFormat'], LOG_FORMATS) ?? 'pretty',
    progress: raw['progress'] !== false,
    metricsPort: usage.listenAddress('--metrics-port', raw['metricsPort']),
    metricsFile: usage.optional('--metrics-file', raw['metricsFile']),
  }
}

function wrongUsage({ problems }: Usage, argv: readonly string[], { json, chosen }: { readonly json: boolean; readonly chosen: Invocation | null }): Parsed {
  const command = commandIn(argv)
  const error = new MoverError({
    code: 'OM1004',
    message: problems.length === 1 ? `${problems[0]}` : `${problems.length} problems:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: `see \`org-mover help${command === null ? '' : ` ${command}`}\``,
    retry: 'after-fix',
  })
  const known: Known = { org: valueOf(argv, '--org'), target: valueOf(argv, '--to'), cell: valueOf(argv, '--cell') }
  return { kind: 'wrong', error, json, document: chosen === null ? guessDocument(command, argv) : documentKindOf(chosen), known }
}

/** The document of the command that was most likely meant, so that a reader of JSON finds the fields that it expects. */
function guessDocument(command: string | null, argv: readonly string[]): DocumentKind {
  if (command === null) return 'error'
  if (command === 'discover' && argv.includes('--check')) return 'check'
  const kinds: Readonly<Record<string, DocumentKind>> = { ...DOCUMENT_KINDS, route: 'done', secrets: 'move' }
  return kinds[command] ?? 'error'
}

function commandIn(argv: readonly string[]): string | null {
  const names = new Set(Object.keys(DOCUMENT_KINDS).map((name) => name.split(' ')[0]))
  return argv.find((argument, index) => names.has(argument) && argv[index - 1] !== '--config') ?? null
}

function valueOf(argv: readonly string[], option: string): string | null {
  const index = argv.indexOf(option)
  if (index !== -1) return argv[index + 1] ?? null
  return argv.find((argument) => argument.startsWith(`${option}=`))?.slice(option.length + 1) ?? null
}
