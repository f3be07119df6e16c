import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MoveDocument } from '../src/domain/documents.js'
import { startCluster } from '../src/sandbox/start-cluster.js'
import type { Cluster } from '../src/sandbox/cluster.js'
import { BENCH_SETTINGS, withClient } from './cells.js'
import { describeMachine } from './machine.js'
import type { Machine } from './machine.js'
import { measure } from './measure.js'
import { secondsOf } from './mover.js'
import { SlowLink } from './slow-link.js'
import type { Link } from './slow-link.js'
import { median } from './table.js'

/**
 * What a network between mover and servers costs, simulated by a proxy before both cells and the control database: a small organization in many tables
 * with a round trip of 1 ms, and one big table over a link of 20 ms and 5 MB/s a connection with one job and with four. `npm run bench:links -- --rounds 3`. With `--scaling` also by number of tables and by latency, for the plots; `--out FILE` (default: bench/results/links.json).
 */

const PROGRAM = fileURLToPath(new URL('../bin/org-mover.js', import.meta.url))

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? fallback : Number(process.argv[at + 1])
}

type Template = 'big' | `many${number}`

interface Contender {
  readonly name: string
  readonly template: Template
  readonly jobs: number
  readonly link: Link
}

const NEAR = { roundTripMs: 1, bytesPerSecond: null }
const FAR = { roundTripMs: 20, bytesPerSecond: 5_000_000 }
const [tables, filled, bigRows, rounds] = [option('tables', 1_000), option('filled', 50), option('rows', 400_000), option('rounds', 3)]

/** What was measured, for the plots. */
export interface LinkResults {
  readonly machine: Machine
  readonly postgres: number
  readonly rounds: number
  readonly bigRows: number
  readonly filledTables: number
  readonly measured: readonly { readonly name: string; readonly template: 'many' | 'big'; readonly tables: number; readonly jobs: number; readonly roundTripMs: number; readonly bytesPerSecond: number | null; readonly seconds: Readonly<Record<string, readonly number[]>> }[]
}

const manyOf = (count: number): Contender => ({ name: `${count} tables, ${count - filled} of them empty for the organization; 1 ms`, template: `many${count}`, jobs: 4, link: NEAR })
const bigOver = (roundTripMs: number, jobs: number): Contender => ({ name: `one table of ${bigRows} rows; ${roundTripMs} ms, 5 MB/s; ${jobs} job${jobs === 1 ? '' : 's'}`, template: 'big', jobs, link: { ...FAR, roundTripMs } })

const isScaling = process.argv.includes('--scaling')
const ALL: readonly Contender[] = [
  ...(isScaling ? [100, 300] : []).map(manyOf),
  manyOf(tables),
  ...(isScaling ? [1, 5, 10] : []).flatMap((roundTripMs) => [1, 2, 4].map((jobs) => bigOver(roundTripMs, jobs))),
  ...(isScaling ? [1, 2, 4] : [1, 4]).map((jobs) => bigOver(FAR.roundTripMs, jobs)),
]

const only = process.argv.find((_, n, all) => all[n - 1] === '--only')
const CONTENDERS = ALL.filter(({ template }) => only === undefined || template.startsWith(only))

/** Seven of ten tables are owned by their column, the others through one of a few parents; only the first ones have rows of organization 1. */
const PARENTS = 7

function manyTables(side: 'source' | 'target', count: number): string {
  const lines = ['CREATE TABLE organizations (id bigint PRIMARY KEY); INSERT INTO organizations VALUES (2);']
  if (side === 'source') lines.push('INSERT INTO organizations VALUES (1);')
  for (let n = 1; n < count; n += 1) {
    const own = n % 10 <= 7
    const parent = own ? 'organization_id bigint NOT NULL REFERENCES organizations' : `parent_id bigint NOT NULL REFERENCES t${(n % PARENTS) + 1}`
    lines.push(`CREATE TABLE t${n} (id bigint PRIMARY KEY, ${parent}, name text NOT NULL, note text);`, `CREATE INDEX ON t${n} (${own ? 'organization_id' : 'parent_id'});`)
    const rows = (org: number, first: number): string => `INSERT INTO t${n} SELECT i, ${own ? org : 'i'}, 'row ' || i, NULL FROM generate_series(${first}, ${first + 19}) AS i;`
    if (side === 'source') lines.push(rows(2, 1))
    if (side === 'source' && n <= filled) lines.push(rows(1, 1001))
  }
  return lines.join('\n')
}

function bigTable(side: 'source' | 'target'): string {
  const rows = side === 'source' ? `INSERT INTO organizations VALUES (1); INSERT INTO notes SELECT i, 1, 'note number ' || i, repeat(md5(i::text), 3), now() FROM generate_series(1, ${bigRows}) AS i;` : ''
  return `CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, title text NOT NULL, body text, created_at timestamptz);
    CREATE INDEX ON notes (organization_id, id); ${rows}`
}

async function move(clusters: Readonly<Record<'source' | 'target', Cluster>>, folder: string, { template, jobs, link }: Contender): Promise<MoveDocument> {
  for (const [side, database, from] of [['source', 'cell', template], ['target', 'cell', template], ['source', 'control', 'template1']] as const) {
    await withClient(clusters[side].url('postgres'), async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
      await client.query(`CREATE DATABASE ${database} TEMPLATE ${from} STRATEGY FILE_COPY`)
      await client.query('CHECKPOINT')
    })
  }
  await using source = await SlowLink.before(clusters.source.port, link)
  await using target = await SlowLink.before(clusters.target.port, link)
  const through = (url: string, port: number): string => {
    const changed = new URL(url)
    changed.hostname = '127.0.0.1'
    changed.port = String(port)
    return changed.href
  }
  const config = join(folder, 'org-mover.yaml')
  await writeFile(config, JSON.stringify({
    cells: { 'cell-a': { databases: { main: through(clusters.source.url('cell'), source.port) } }, 'cell-b': { databases: { main: through(clusters.target.url('cell'), target.port) } } },
    control: through(clusters.source.url('control'), source.port),
    copy: { jobs },
  }), { mode: 0o600 })
  const run = (args: readonly string[]): ReturnType<typeof measure> => measure({ command: process.execPath, args: [PROGRAM, ...args, '--config', config, '--json', '--no-progress'] })
  await run(['init'])
  const measured = await run(['move', '--org', '1', '--from', 'cell-a', '--to', 'cell-b', '--yes'])
  const document = JSON.parse(measured.stdout) as MoveDocument
  if (document.verification?.verdict !== 'equal') throw new Error(`the move failed: ${JSON.stringify(document.error)}`)
  return document
}

const PHASES = ['prepare', 'freeze', 'copy', 'verify', 'cutover'] as const
const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-links-'))
const clusters = { source: await startCluster({ settings: BENCH_SETTINGS }), target: await startCluster({ settings: BENCH_SETTINGS }) }
try {
  const machine = await describeMachine()
  process.stdout.write(`${machine.cores} cores (${machine.model}), ${machine.memoryGb} GB; PostgreSQL ${clusters.source.majorVersion}, Node ${machine.node}; load average before the start ${machine.loadAverage}\n`)
  for (const side of ['source', 'target'] as const) {
    for (const template of new Set(CONTENDERS.map((one) => one.template))) {
      const schema = template === 'big' ? bigTable(side) : manyTables(side, Number(template.slice('many'.length)))
      await withClient(clusters[side].url('postgres'), async (client) => void (await client.query(`CREATE DATABASE ${template}`)))
      await withClient(clusters[side].url(template), async (client) => void [await client.query(schema), await client.query('VACUUM (ANALYZE)')])
    }
  }
  const found = new Map<string, MoveDocument[]>(CONTENDERS.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of CONTENDERS.map((_, n) => CONTENDERS[(n + round) % CONTENDERS.length]).filter((one) => one !== undefined)) {
      found.get(contender.name)?.push(await move(clusters, folder, contender))
      process.stderr.write('.')
    }
  }
  const measured: LinkResults['measured'] = CONTENDERS.map(({ name, template, jobs, link }) => {
    const documents = found.get(name) ?? []
    const seconds = Object.fromEntries([...PHASES.map((phase) => [phase]), PHASES].map((phases, n) => [PHASES[n] ?? 'whole move', documents.map((document) => secondsOf(document, ...phases))]))
    return { name, template: template === 'big' ? 'big' : 'many', tables: template === 'big' ? 1 : Number(template.slice('many'.length)), jobs, ...link, seconds }
  })
  const results: LinkResults = { machine, postgres: clusters.source.majorVersion, rounds, bigRows, filledTables: filled, measured }
  await mkdir(new URL('results/', import.meta.url), { recursive: true })
  await writeFile(process.argv.find((_, n, all) => all[n - 1] === '--out') ?? new URL('results/links.json', import.meta.url), `${JSON.stringify(results, null, 1)}\n`)
  process.stdout.write(`\nseconds, medians of ${rounds} rounds\n\n| | ${PHASES.join(' | ')} | whole move |\n|---|${'---:|'.repeat(PHASES.length + 1)}\n`)
  for (const [name, documents] of found) {
    const of = (...phases: readonly string[]): string => median(documents.map((document) => secondsOf(document, ...phases))).toFixed(2)
    process.stdout.write(`| ${name} | ${PHASES.map((phase) => of(phase)).join(' | ')} | ${of(...PHASES)} |\n`)
  }
} finally {
  await Promise.all([clusters.source[Symbol.asyncDispose](), clusters.target[Symbol.asyncDispose](), rm(folder, { recursive: true, force: true })])
}
