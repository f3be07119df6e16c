import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { stringify } from 'yaml'
import { loadSettings } from '../src/config/load-settings.js'
import { createApp } from '../src/move/app.js'
import { createLogger } from '../src/observability/logger.js'
import type { ProgressEvent } from '../src/observability/progress.js'
import { startCluster } from '../src/sandbox/start-cluster.js'
import type { Cluster } from '../src/sandbox/cluster.js'
import { CLASSES, decomposedCell } from '../test/support/decomposed-cell/decomposed-cell.js'

/**
 * How long a small organization takes in a large schema: 1,000 tables over three databases by default. Prints the seconds of
 * plan, of each phase of a move, and of the purge. `tsx bench/thousand-tables.ts [tables]`
 */
const tables = Number(process.argv[2] ?? 1_000)
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const { generated, write } = decomposedCell({ tables })
const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-'))
const clusters: Cluster[] = []
try {
  clusters.push(await startCluster(), await startCluster())
  const [a, b] = clusters
  if (a === undefined || b === undefined) throw new RangeError('two clusters were to be started')
  say(`${generated.tables.length} tables`)
  const cells: Record<string, { databases: Record<string, string> }> = {}
  for (const [cell, cluster] of [['a', a], ['b', b]] as const) {
    const databases = Object.fromEntries(generated.databases.map((name) => [name, cluster.url(`cell_${name}`)]))
    for (const name of generated.databases) {
      await run(cluster.url(), `CREATE DATABASE cell_${name}`)
      await run(cluster.url(`cell_${name}`), generated.setUp(cell, name))
      await run(cluster.url(`cell_${name}`), 'VACUUM (ANALYZE)')
    }
    cells[`cell-${cell}`] = { databases }
  }
  await run(a.url(), 'CREATE DATABASE control')
  await write(join(folder, 'dictionary'))
  const file = join(folder, 'org-mover.yaml')
  await writeFile(file, stringify({ cells, control: a.url('control'), retention: 0, tenancy: { dictionary: './dictionary', classes: CLASSES } }))
  await measure(file)
} finally {
  for (const cluster of clusters) await cluster[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

async function measure(file: string): Promise<void> {
  const { signal } = new AbortController()
  const logger = createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } })
  const { org } = generated
  const settings = await timed('settings and dictionary', () => loadSettings(file, {}))
  await using app = createApp(settings, { logger, signal })
  await app.init()
  const io = { confirm: async () => true, signal, progress: (event: ProgressEvent): void => void (event.kind === 'step' && process.env['STEPS'] !== undefined && say(`  ${(performance.now() / 1000).toFixed(2)} ${event.text}`)) }
  await timed('discover', () => app.discover({ cell: 'cell-a', mode: 'show' }))
  const plan = await timed('plan', () => app.plan({ org, to: 'cell-b', from: 'cell-a' }))
  say(`  ${plan.totals.tables} tables, ${plan.totals.rows} rows, ${plan.findings.length} findings`)
  const moved = await timed('move', () => app.move({ org, to: 'cell-b', from: 'cell-a' }, io))
  for (const { phase, seconds } of moved.timings) say(`  ${phase}: ${seconds.toFixed(2)} s`)
  if (moved.error !== null) throw new Error(moved.error.message)
  const purged = await timed('purge', () => app.purge(moved.moveId ?? '', {}, io))
  if (purged.error !== null) throw new Error(purged.error.message)
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await work()
  say(`${what}: ${((performance.now() - begun) / 1000).toFixed(2)} s`)
  return result
}

async function run(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
