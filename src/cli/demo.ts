import { relative } from 'node:path'
import { loadSettings } from '../config/load-settings.js'
import type { MoveDocument } from '../domain/documents.js'
import { formatDuration } from '../domain/durations.js'
import { MoverError } from '../domain/errors.js'
import type { Phase } from '../domain/vocabulary.js'
import { createApp } from '../move/app.js'
import type { Progress } from '../observability/progress.js'
import type { App, DemoOptions, MoveIo } from './app.js'
import { fillDemoCells, listCells, readCellSecrets, startDemoCells } from './demo/demo-cells.js'
import type { DemoCells, Inhabitants } from './demo/demo-cells.js'
import { writeDemoFiles } from './demo/demo-files.js'
import { makeDemoKeys, secretProblems } from './demo/demo-secrets.js'
import type { DemoFiles } from './demo/demo-files.js'
import { prove } from './demo/proof.js'
import { tryFence } from './demo/try-fence.js'
import { counted, formatBytes, formatCount, shellWord } from './format.js'
import { orInterrupted } from './interrupts.js'

/**
 * One whole move between two embedded cells, told while it happens, proven at the end by a listing that shares no code with the
 * mover, and cleaned up. Yields the document of the move; its error says what was not as it must be.
 */
export async function runDemo(options: DemoOptions): Promise<MoveDocument> {
  const { say, signal } = options
  const startedMs = performance.now()
  say('Two cells and a control database: PostgreSQL servers of their own, from npm, on this machine.')
  await using cells = await startDemoCells()
  signal.throwIfAborted()
  const keys = makeDemoKeys()
  const inhabitants = await orInterrupted(fillDemoCells(cells, keys), signal)
  const org = inhabitants.source.bigOrganization ?? ''
  await using files = await writeDemoFiles(cells, keys)
  await using app = await createApp(await loadSettings(files.config, {}), options)
  say(`  PostgreSQL ${cells.version}; ${inhabitants.source.organizations.length + 1} organizations on cell-a, ${inhabitants.target.organizations.length} on cell-b, side by side in the same tables`)
  const before = await orInterrupted(listCells(cells), signal)
  const secrets = await orInterrupted(readCellSecrets(cells, 'source', org, keys.source), signal)
  const moved = await moveOrganization({ app, cells, inhabitants, org, options })
  const after = await orInterrupted(listCells(cells), signal)
  const [own, foreign] = [await readCellSecrets(cells, 'target', org, keys.target), await readCellSecrets(cells, 'target', org, keys.source)]
  const problems = tellProof({ proof: prove(org, before, after), secrets: secrets.size, secretProblems: secretProblems(secrets, own, foreign) }, options)
  say(`  ${(await app.routeGet(org)).done.join('; ')}`)
  say(`The whole demo took ${formatDuration(performance.now() - startedMs)}.`)
  if (problems !== null) return { ...moved, error: problems }
  if (!options.keep) return moved
  tellHowToGoOn(await files.keep(cells), { files, inhabitants, say })
  return { ...moved, next: `org-mover doctor --config ${shellWord(files.config)}` }
}

interface Story {
  readonly app: App
  readonly cells: DemoCells
  readonly inhabitants: Inhabitants
  readonly org: string
  readonly options: DemoOptions
}

async function moveOrganization({ app, cells, inhabitants, org, options }: Story): Promise<MoveDocument> {
  const { say, signal, progress } = options
  const io: MoveIo = { progress, signal, confirm: agree(say) }
  say('')
  say('init: the journal of moves and the routing table; then a route for every organization')
  await app.init()
  for (const [cell, ids] of [['cell-a', [...inhabitants.source.organizations, org]], ['cell-b', inhabitants.target.organizations]] as const) {
    for (const id of ids) {
      signal.throwIfAborted()
      await app.routeSet(id, cell, { confirm: async () => true })
    }
  }
  say('')
  say(`plan: what a move of organization ${org} to cell-b would do; it writes nothing anywhere`)
  const plan = await orInterrupted(app.plan({ org, to: 'cell-b' }), signal)
  say(`  ${counted(plan.totals.tables, 'table')}, ${counted(plan.totals.rows, 'row')}, ${formatBytes(plan.totals.bytes)}; ${counted(plan.findings.length, 'finding')}, ${plan.blocking ? 'some of which stop' : 'none of which stops'} the move`)
  say('')
  say('move: freeze it on cell-a, copy, verify, flip the route')
  const cutOver = ended(await app.move({ org, to: 'cell-b' }, io), signal)
  progress({ kind: 'phase', phase: 'cutover', state: 'done' })
  const moveId = cutOver.moveId ?? ''
  say(`  cut over: writes were rejected for ${formatDuration((cutOver.frozenSeconds ?? 0) * 1000)}, ${formatBytes(cutOver.bytesCopied)} copied, verification ${cutOver.verification.verdict}`)
  say('')
  say('What the databases themselves say now to an application that writes:')
  for (const line of await orInterrupted(tryFence(cells, org, inhabitants.source.organizations[0] ?? ''), signal)) say(`  ${line}`)
  say('')
  say('verify: cell-a, still there and fenced, against what was verified before the flip')
  const verified = ended(await asPhase('verify', progress, () => app.verify(moveId, io)), signal)
  say(`  ${verified.verification.verdict}: ${counted(verified.verification.rows, 'row')} of ${counted(verified.verification.tables, 'table')}`)
  say('')
  say(`purge: delete it from cell-a, its retention waived with --waive-retention=${org}`)
  return ended(await asPhase('purge', progress, () => app.purge(moveId, { waiveRetention: org }, io)), signal)
}

/** So that the progress of one command does not stand on under the next. */
async function asPhase<T>(phase: Phase, progress: Progress, work: () => Promise<T>): Promise<T> {
  progress({ kind: 'phase', phase, state: 'started' })
  const result = await work()
  progress({ kind: 'phase', phase, state: 'done' })
  return result
}

/** What a person would be asked is shown and agreed to. */
function agree(say: DemoOptions['say']): MoveIo['confirm'] {
  return async (summary) => {
    for (const line of summary) say(`  ${line}`)
    return true
  }
}

/** A step that failed ends the demo with its own error, an interruption without one. */
function ended(document: MoveDocument, signal: AbortSignal): MoveDocument {
  signal.throwIfAborted()
  if (document.error === null) return document
  const { code, message, hint, retry } = document.error
  throw new MoverError({ code: code as MoverError['code'], message, hint, retry, findings: document.findings, context: { moveId: document.moveId } })
}

const SHOWN_TABLES = 8

interface DemoProof {
  readonly proof: ReturnType<typeof prove>
  readonly secrets: number
  readonly secretProblems: readonly string[]
}

/** Null where everything is as it must be. */
function tellProof({ proof, secrets, secretProblems: ofSecrets }: DemoProof, { say }: DemoOptions): MoveDocument['error'] {
  const { tables, others, arrived } = proof
  const problems = [...proof.problems, ...ofSecrets]
  const biggest = tables.toSorted((a, b) => b.rows - a.rows)
  const equal = tables.filter((table) => table.isEqual)
  say('')
  say('The proof: both cells listed before and after, by plain SQL that shares no code with the mover')
  for (const { table, rows, before, after, isEqual } of biggest.slice(0, SHOWN_TABLES)) {
    say(`  ${table.padEnd(26)} ${formatCount(rows).padStart(7)} rows  cell-a before ${before.slice(0, 12)}  cell-b after ${after.slice(0, 12)}  ${isEqual ? 'equal' : 'DIFFERENT'}`)
  }
  say(`  equal fingerprints: ${equal.length} of ${tables.length} tables, ${formatCount(equal.reduce((sum, table) => sum + table.rows, 0))} rows of the organization`)
  if (problems.length === 0) {
    say(`  unchanged: ${formatCount(others.rows)} rows of ${formatCount(others.owners)} other organizations and people on both cells`)
    say(`  came along: ${counted(arrived, 'person or topic', 'people and topics')} that cell-b did not have`)
    say(`  secrets: ${counted(secrets, 'value')} read on cell-b with its own key as they did on cell-a with that one's; none opens with the key of cell-a`)
    say('  purged: cell-a holds no row of the organization; of the mover nothing is left on either cell')
    return null
  }
  for (const problem of problems) say(`  WRONG: ${problem}`)
  return { code: 'OM4001', message: `the demo's own listing found what should not be: ${problems.slice(0, 5).join('; ')}`, hint: 'this is a bug in org-mover; report it with this output', retry: 'never' }
}

interface HowToGoOn {
  readonly files: DemoFiles
  readonly inhabitants: Inhabitants
  readonly say: DemoOptions['say']
}

function tellHowToGoOn(stopScript: string, { files, inhabitants, say }: HowToGoOn): void {
  const program = programName()
  const org = inhabitants.source.organizations[6] ?? ''
  say('')
  say('The servers keep running. Their configuration, with which every command can be tried:')
  say(`  export ORG_MOVER_CONFIG=${shellWord(files.config)}`)
  say(`  ${program} doctor`)
  say(`  ${program} discover`)
  say(`  ${program} plan --org ${org} --to cell-b`)
  say(`  ${program} move --org ${org} --to cell-b --pause-before cutover`)
  say(`  ${program} list`)
  say('To end them and remove every trace:')
  say(`  sh ${shellWord(stopScript)}`)
}

/** How this very program was called, so that the lines can be pasted. */
function programName(): string {
  const called = process.argv[1] ?? 'org-mover'
  if (!called.endsWith('.js')) return 'org-mover'
  const near = relative(process.cwd(), called)
  return `node ${shellWord(near.startsWith('..') ? called : near)}`
}
