import { Argument, Command, CommanderError, Option } from 'commander'
import { programVersion } from '../config/program-version.js'
import { MOVE_STATES, PHASES } from '../domain/vocabulary.js'
import { LOG_FORMATS, LOG_LEVELS } from '../observability/logger.js'
import { commandTree } from './command-tree.js'
import { completionScript, SHELLS } from './completion.js'
import { REPORT_FORMATS } from './invocation.js'
import type { Invocation } from './invocation.js'
import type { Usage } from './usage.js'

export interface ProgramOptions {
  readonly usage: Usage
  /** Receives help and version texts. */
  readonly print: (text: string) => void
  readonly run: (invocation: Invocation) => void
}

type RawOptions = Readonly<Record<string, unknown>>
type Define = (name: string, description: string, examples: readonly string[]) => Command

const ORG = 'organization: the value of the root table\'s key'
const YES = 'do not ask'
const MAX_WINDOW = 'how long the organization may be frozen, such as 30m: an estimate above it stops the move, and so does the time itself, before the cutover'

/** The grammar of the command line. What an option must look like is checked by `Usage`, so that all problems show at once. */
export function createProgram(options: ProgramOptions): Command {
  const program = new Command('org-mover')
    .description('Move one organization\'s PostgreSQL data from one live cell to another, proven equal, inside a maintenance window.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .option('--config <file>', 'configuration file (default: $ORG_MOVER_CONFIG, else org-mover.yaml)')
    .option('--json', 'print exactly one JSON document on stdout')
    .addOption(oneOf('--log-level <level>', 'what is logged to stderr (default: warn)', LOG_LEVELS))
    .addOption(oneOf('--log-format <format>', 'default: pretty', LOG_FORMATS))
    .option('--no-progress', 'do not show progress on stderr')
    .option('--metrics-port <[host:]port>', 'while a move is driven, serve Prometheus metrics there (host: 127.0.0.1)')
    .option('--metrics-file <file>', 'while a move is driven, keep metrics in a file for the node exporter')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: options.print, writeErr: () => undefined })
    .addHelpText('after', examplesText(['org-mover init', 'org-mover plan --org 42 --to cell-b', 'org-mover move --org 42 --to cell-b --pause-before cutover']))
  const define = definer(program)
  defineSetUp(define, options)
  defineRoute(program, options)
  defineMoves(define, options)
  defineDriving(define, options)
  defineThrottle(define, options)
  defineSecrets(program, options)
  defineRest(define, options)
  defineCompletion(program, define, options)
  return program
}

/** Example command lines that a command's help ends with, by the words of the command. */
export const EXAMPLES = new Map<string, readonly string[]>()

function definer(parent: Command): Define {
  return (name, description, examples) => {
    EXAMPLES.set(parent.parent === null ? name : `${parent.name()} ${name}`, examples)
    return parent.command(name).description(description).allowUnknownOption().allowExcessArguments().addHelpText('after', examplesText(examples))
  }
}

/** The values stand in help, manual and completion; `Usage` checks them, so that commander does not end at the first problem. */
function oneOf(flags: string, description: string, values: readonly string[]): Option {
  const option = new Option(flags, description)
  option.argChoices = [...values]
  return option
}

function defineSetUp(define: Define, { usage, run }: ProgramOptions): void {
  define('init', 'write a commented starter configuration if there is none; create or upgrade the control schema', ['org-mover init', 'org-mover init --config /etc/org-mover.yaml'])
    .option('-y, --yes', YES)
    .action((_options: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'init' })
    })
  define('doctor', 'check the cells: reachable, versions, privileges, settings, poolers, schema parity', ['org-mover doctor', 'org-mover doctor --json']).action(
    (_options: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'doctor' })
    },
  )
  define('discover', 'show which tables and rows belong to an organization, and why', [
    'org-mover discover',
    'org-mover discover --cell cell-b --check',
    'org-mover discover --write ./dictionary',
  ])
    .option('--cell <cell>', 'the cell to look at (default: the first one configured)')
    .option('--write <dir>', 'write the inferred dictionary files for review')
    .option('--check', 'hold the dictionary against the database')
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      const write = usage.optional('--write', raw['write'])
      const check = raw['check'] === true
      if (write !== null && check) usage.report('--write and --check exclude each other')
      run({ command: 'discover', cell: usage.optional('--cell', raw['cell']), write, check })
    })
}

function defineRoute(program: Command, { usage, run }: ProgramOptions): void {
  const route = program.command('route').description('read or set by hand which cell serves an organization')
  const define = definer(route)
  define('get', 'print which cell serves an organization', ['org-mover route get --org 42'])
    .option('--org <org>', ORG)
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'route get', org: usage.required('--org', raw['org']) })
    })
  define('set', 'set which cell serves an organization: its first route, or a repair', ['org-mover route set --org 42 --to cell-a'])
    .option('--org <org>', ORG)
    .option('--to <cell>', 'the cell')
    .option('-y, --yes', YES)
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'route set', org: usage.required('--org', raw['org']), to: usage.required('--to', raw['to']), yes: raw['yes'] === true })
    })
}

function defineMoves(define: Define, { usage, run }: ProgramOptions): void {
  const withTarget = (command: Command): Command =>
    command.option('--org <org>', ORG).option('--to <cell>', 'target cell').option('--from <cell>', 'assert the source cell; required where routing knows nothing of the organization')
  const target = (raw: RawOptions): { org: string; to: string; from: string | null } => ({
    org: usage.required('--org', raw['org']),
    to: usage.required('--to', raw['to']),
    from: usage.optional('--from', raw['from']),
  })
  withTarget(define('plan', 'dry run: ownership, conflicts, counts, bytes, estimated window; writes nothing on any cell', ['org-mover plan --org 42 --to cell-b', 'org-mover plan --org 42 --to cell-b --report plan.html', 'org-mover plan --org 42 --to cell-b --sample']))
    .option('--report <file>', 'write the plan as one self-contained page besides, for a change review')
    .option('--sample', 'measure the rate for the window: a part of the biggest tables is copied into temporary tables of the target and rolled back')
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'plan', ...target(raw), report: usage.optional('--report', raw['report']), sample: raw['sample'] === true })
    })
  withTarget(define('move', 'move an organization to another cell', ['org-mover move --org 42 --to cell-b', 'org-mover move --org 42 --to cell-b --pause-before cutover --yes']))
    .addOption(oneOf('--pause-before <phase>', 'stop before this phase (every move rests before purge)', PHASES))
    .option('--max-window <duration>', MAX_WINDOW)
    .option('-y, --yes', YES)
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'move', ...target(raw), pauseBefore: usage.oneOf('--pause-before', raw['pauseBefore'], PHASES), maxWindowMs: usage.duration('--max-window', raw['maxWindow']), yes: raw['yes'] === true })
    })
}

/** Commands that take a move id. */
function defineDriving(define: Define, { usage, run }: ProgramOptions): void {
  const moveId = (command: Command): string => usage.required('MOVE_ID', usage.positional(command.args, 1)[0])
  const yes = (raw: RawOptions): boolean => raw['yes'] === true
  const example = (command: string): string => `org-mover ${command} 0197f3a2`
  define('resume', 'continue a move that paused, failed or was interrupted', [example('resume'), `${example('resume')} --max-window 45m`, `${example('resume')} --take-over`])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('--max-window <duration>', `a new limit: ${MAX_WINDOW}`)
    .option('--take-over', 'take the move from another process that drives it and is alive; asks twice')
    .option('-y, --yes', YES)
    .action((_id: unknown, raw: RawOptions, command: Command) =>
      run({ command: 'resume', moveId: moveId(command), maxWindowMs: usage.duration('--max-window', raw['maxWindow']), takeOver: raw['takeOver'] === true, yes: yes(raw) }),
    )
  define('pause', 'ask whoever drives a move, on any machine, to rest at the next chunk or phase', [example('pause')])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('-y, --yes', YES)
    .action((_id: unknown, raw: RawOptions, command: Command) => run({ command: 'pause', moveId: moveId(command), yes: yes(raw) }))
  define('status', 'show a move, or all that have not ended', ['org-mover status', `${example('status')} --watch`])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('--watch', 'show it again and again until it rests')
    .action((_id: unknown, raw: RawOptions, command: Command) => {
      const [id] = usage.positional(command.args, 1)
      run({ command: 'status', moveId: usage.optional('MOVE_ID', id), watch: raw['watch'] === true })
    })
  define('report', 'write down all that is known of a move: one self-contained page, or JSON; from any machine, also after the purge', [example('report'), `${example('report')} --output move.html`, `${example('report')} --format json`])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .addOption(oneOf('--format <format>', 'default: html', REPORT_FORMATS))
    .option('--output <file>', 'the file to write, or - for standard output (default: org-mover-MOVE_ID.html; json goes to standard output)')
    .action((_id: unknown, raw: RawOptions, command: Command) =>
      run({ command: 'report', moveId: moveId(command), format: usage.oneOf('--format', raw['format'], REPORT_FORMATS) ?? 'html', output: usage.optional('--output', raw['output']) }),
    )
  define('verify', 'compare again: before the cutover source and target, after it source and manifest', [example('verify')])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .action((_id: unknown, _raw: RawOptions, command: Command) => run({ command: 'verify', moveId: moveId(command) }))
  define('abort', 'take the target back and lift the fences; only before the cutover', [example('abort')])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('-y, --yes', YES)
    .action((_id: unknown, raw: RawOptions, command: Command) => run({ command: 'abort', moveId: moveId(command), yes: yes(raw) }))
  define('purge', 'delete the organization from the source, once its retention is over', [example('purge'), `${example('purge')} --waive-retention=42`])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('-y, --yes', YES)
    .option('--waive-retention <org>', 'purge before the retention is over; names the organization')
    .action((_id: unknown, raw: RawOptions, command: Command) =>
      run({ command: 'purge', moveId: moveId(command), yes: yes(raw), waiveRetention: usage.optional('--waive-retention', raw['waiveRetention']) }),
    )
}

function defineThrottle(define: Define, { usage, run }: ProgramOptions): void {
  define('throttle', 'change how fast a move may go while another process drives it', ['org-mover throttle 0197f3a2 --max-bytes-per-second 5000000', 'org-mover throttle 0197f3a2 --pause', 'org-mover throttle 0197f3a2 --continue --max-bytes-per-second none'])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('--max-bytes-per-second <n>', 'limit over all streams together; none for no limit')
    .option('--pause', 'begin no further chunk; those under way end')
    .option('--continue', 'end the pause')
    .action((_id: unknown, raw: RawOptions, command: Command) => {
      const moveId = usage.required('MOVE_ID', usage.positional(command.args, 1)[0])
      const limit = usage.optional('--max-bytes-per-second', raw['maxBytesPerSecond'])
      const [pause, goOn] = [raw['pause'] === true, raw['continue'] === true]
      if (limit !== null && limit !== 'none' && !/^[1-9]\d{0,14}$/.test(limit)) usage.report('--max-bytes-per-second must be a whole number above 0, or none')
      if (pause && goOn) usage.report('--pause and --continue exclude each other')
      if (limit === null && !pause && !goOn) usage.report('name --max-bytes-per-second, --pause or --continue')
      run({ command: 'throttle', moveId, orders: { ...(limit === null ? {} : { maxBytesPerSecond: limit === 'none' ? null : Number(limit) }), ...(pause || goOn ? { paused: pause } : {}) } })
    })
}

/** Where secrets travel sealed. */
function defineSecrets(program: Command, { usage, run }: ProgramOptions): void {
  const define = definer(program.command('secrets').description('seal and open secrets where the mover holds no keys (secrets.mode: staged)'))
  const moveId = (command: Command): string => usage.required('MOVE_ID', usage.positional(command.args, 1)[0])
  define('keygen', 'make the key pair of a target: the private half into a file, the public one to be pinned as transport_key', ['org-mover secrets keygen --out cell-b.key'])
    .option('--out <file>', 'new file for the private key, mode 0600')
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'secrets keygen', out: usage.required('--out', raw['out']) })
    })
  define('seal', 'where the keys of the source are: seal the secrets of a frozen move to the target', ['org-mover secrets seal 0197f3a2'])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('-y, --yes', YES)
    .action((_id: unknown, raw: RawOptions, command: Command) => run({ command: 'secrets seal', moveId: moveId(command), yes: raw['yes'] === true }))
  define('open', 'where the keys of the target are: open what was sealed, and write it into the loaded rows', ['org-mover secrets open 0197f3a2 --private-key cell-b.key'])
    .argument('[MOVE_ID]', 'id of the move, or a unique prefix of it')
    .option('--private-key <file>', 'what `secrets keygen` wrote')
    .option('-y, --yes', YES)
    .action((_id: unknown, raw: RawOptions, command: Command) => run({ command: 'secrets open', moveId: moveId(command), privateKey: usage.required('--private-key', raw['privateKey']), yes: raw['yes'] === true }))
}

function defineRest(define: Define, { usage, run }: ProgramOptions): void {
  define('list', 'list moves', ['org-mover list', 'org-mover list --state failed --json'])
    .option('--org <org>', ORG)
    .addOption(oneOf('--state <state>', 'moves in this state only', MOVE_STATES))
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'list', org: usage.optional('--org', raw['org']), state: usage.oneOf('--state', raw['state'], MOVE_STATES) })
    })
  define('demo', 'one whole move between two embedded cells, watched live', ['org-mover demo', 'org-mover demo --keep'])
    .option('--keep', 'leave the cells running and print a configuration file for them')
    .action((raw: RawOptions, command: Command) => {
      usage.positional(command.args, 0)
      run({ command: 'demo', keep: raw['keep'] === true })
    })
}

/** What it prints is text for a shell, as help is for a person. */
function defineCompletion(program: Command, define: Define, { usage, print }: ProgramOptions): void {
  const shell = new Argument('[SHELL]', 'whose completion to print')
  shell.argChoices = [...SHELLS]
  define('completion', 'print what a shell needs to complete commands and options', ['source <(org-mover completion bash)', 'org-mover completion fish > ~/.config/fish/completions/org-mover.fish'])
    .addArgument(shell)
    .action((_shell: unknown, _raw: RawOptions, command: Command) => {
      const name = usage.required('SHELL', usage.positional(command.args, 1)[0])
      const chosen = usage.problems.length > 0 ? null : usage.oneOf('SHELL', name, SHELLS)
      if (chosen === null) return
      print(completionScript(chosen, commandTree(program)))
      throw new CommanderError(0, 'org-mover.completion', '')
    })
}

function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`
}
