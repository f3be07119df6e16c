import { createCipheriv, createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCluster } from '../src/sandbox/start-cluster.js'
import type { Cluster } from '../src/sandbox/cluster.js'
import type { MoveDocument } from '../src/domain/documents.js'
import { BENCH_SETTINGS, withClient } from './cells.js'
import { measure } from './measure.js'
import { secondsOf } from './mover.js'
import { findPsql } from './peers/psql-pipe.js'
import { stageRates } from './secret-stage.js'

/**
 * What it costs to encrypt secrets anew: rows with one AES-256-GCM column, moved between cells of the same key (they travel as they are stored) and
 * between cells of different keys, by turns. `npm run bench:secrets -- --rows 300000 --rounds 3`.
 */

const PROGRAM = fileURLToPath(new URL('../bin/org-mover.js', import.meta.url))
const key = (name: string): Buffer => createHash('sha256').update(name).digest()

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? fallback : Number(process.argv[at + 1])
}

const SCHEMA = `CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE tokens (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, name text NOT NULL, token bytea NOT NULL, created_at timestamptz NOT NULL, scopes text[] NOT NULL);
  CREATE INDEX ON tokens (organization_id);`

const BATCH = 5_000

async function fill(url: string, rows: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(SCHEMA)
    await client.query('INSERT INTO organizations VALUES (1)')
    for (let first = 1; first <= rows; first += BATCH) {
      const ids = Array.from({ length: Math.min(BATCH, rows - first + 1) }, (_, n) => first + n)
      const sealed = ids.map((id) => {
        const iv = createHash('sha256').update(String(id)).digest().subarray(0, 12)
        const cipher = createCipheriv('aes-256-gcm', key('source'), iv)
        return Buffer.concat([iv, cipher.update(`token of row ${id}`), cipher.final(), cipher.getAuthTag()])
      })
      await client.query(`INSERT INTO tokens SELECT u.id, 1, 'token number ' || u.id, u.token, '2026-01-01'::timestamptz + u.id * interval '1 second', '{read,write}' FROM unnest($1::bigint[], $2::bytea[]) AS u(id, token)`, [ids, sealed])
    }
    await client.query('VACUUM (ANALYZE)')
  })
}

interface Contender {
  readonly name: string
  readonly targetKey: string
  readonly jobs: number
  readonly workers: number
}

const CONTENDERS: readonly Contender[] = [
  { name: 'same key, 1 job', targetKey: 'source', jobs: 1, workers: 0 },
  { name: 'encrypted anew, 1 job', targetKey: 'target', jobs: 1, workers: 0 },
  { name: 'encrypted anew, 1 job, 1 worker', targetKey: 'target', jobs: 1, workers: 1 },
  { name: 'same key, 4 jobs', targetKey: 'source', jobs: 4, workers: 0 },
  { name: 'encrypted anew, 4 jobs', targetKey: 'target', jobs: 4, workers: 0 },
  { name: 'encrypted anew, 4 jobs, 2 workers', targetKey: 'target', jobs: 4, workers: 2 },
]

const PIPE = 'psql to psql, as stored'

interface Round {
  readonly copy: number
  readonly verify: number
  readonly cpu: number
}

async function move(clusters: Readonly<Record<'source' | 'target', Cluster>>, folder: string, { targetKey, jobs, workers }: Contender): Promise<Round> {
  const admin = async (side: 'source' | 'target', text: string): Promise<void> => withClient(clusters[side].url('postgres'), async (client) => void (await client.query(text)))
  for (const [side, database, template] of [['target', 'cell', 'template_b'], ['source', 'control', 'template1']] as const) {
    await admin(side, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    await admin(side, `CREATE DATABASE ${database} TEMPLATE ${template}`)
  }
  await admin('source', 'CHECKPOINT')
  await admin('target', 'CHECKPOINT')
  for (const [file, name] of [['a', 'source'], ['b', targetKey]] as const) await writeFile(join(folder, `${file}.yaml`), JSON.stringify({ keys: { app: { current: 'k1', versions: { k1: key(name).toString('base64') } } } }), { mode: 0o600 })
  const config = join(folder, 'org-mover.yaml')
  await writeFile(config, JSON.stringify({
    cells: { 'cell-a': { databases: { main: clusters.source.url('cell') }, keyring: './a.yaml' }, 'cell-b': { databases: { main: clusters.target.url('cell') }, keyring: './b.yaml' } },
    control: clusters.source.url('control'),
    tenancy: { tables: { 'public.tokens': { columns: { token: { secret: { codec: 'aes-256-gcm', key: 'app' } } } } } },
    copy: { jobs, chunk_rows: 50_000 },
    secrets: { workers },
  }), { mode: 0o600 })
  const run = (args: readonly string[]): ReturnType<typeof measure> => measure({ command: process.execPath, args: [PROGRAM, ...args, '--config', config, '--json', '--no-progress'] })
  await run(['init'])
  const measured = await run(['move', '--org', '1', '--from', 'cell-a', '--to', 'cell-b', '--yes'])
  const document = JSON.parse(measured.stdout) as MoveDocument
  if (document.verification.verdict !== 'equal') throw new Error(`the move failed: ${measured.stdout}`)
  const id = document.moveId ?? ''
  await run(['abort', id, '--yes'])
  // the source stays as it is: the next round's journal knows nothing of this move, so its traces go by hand
  await withClient(clusters.source.url('cell'), async (client) => void (await client.query('DROP SCHEMA org_mover CASCADE')))
  return { copy: secondsOf(document, 'copy'), verify: secondsOf(document, 'verify'), cpu: measured.cpuSeconds ?? Number.NaN }
}

/** What an operator would write by hand for the same rows, as they are stored: one COPY in text format from one psql to another. */
async function pipe(clusters: Readonly<Record<'source' | 'target', Cluster>>, psql: string): Promise<Round> {
  await withClient(clusters.target.url('postgres'), async (client) => {
    await client.query('DROP DATABASE IF EXISTS cell WITH (FORCE)')
    await client.query('CREATE DATABASE cell TEMPLATE template_b')
    await client.query('CHECKPOINT')
  })
  await withClient(clusters.target.url('cell'), async (client) => void (await client.query('INSERT INTO organizations VALUES (1)')))
  const script = 'set -o pipefail; "$PSQL" -X "$SOURCE" -c "COPY (SELECT * FROM tokens WHERE organization_id = 1) TO STDOUT" | "$PSQL" -X "$TARGET" -c "COPY tokens FROM STDIN"'
  const { exitCode, seconds, stderr } = await measure({ command: 'bash', args: ['-c', script], env: { PSQL: psql, SOURCE: clusters.source.url('cell'), TARGET: clusters.target.url('cell') } })
  if (exitCode !== 0) throw new Error(`the pipe failed: ${stderr}`)
  return { copy: seconds, verify: Number.NaN, cpu: Number.NaN }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

const [rows, rounds] = [option('rows', 300_000), option('rounds', 3)]
const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-secrets-'))
const clusters = { source: await startCluster({ settings: BENCH_SETTINGS }), target: await startCluster({ settings: BENCH_SETTINGS }) }
try {
  for (const [side, database] of [['source', 'cell'], ['target', 'template_b']] as const) await withClient(clusters[side].url('postgres'), async (client) => void (await client.query(`CREATE DATABASE ${database}`)))
  await fill(clusters.source.url('cell'), rows)
  await withClient(clusters.target.url('template_b'), async (client) => void (await client.query(SCHEMA)))
  const psql = await findPsql()
  const found = new Map<string, Round[]>([PIPE, ...CONTENDERS.map(({ name }) => name)].map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    if (psql !== null) found.get(PIPE)?.push(await pipe(clusters, psql.path))
    for (const contender of CONTENDERS.map((_, n) => CONTENDERS[(n + round) % CONTENDERS.length]).filter((one) => one !== undefined)) {
      found.get(contender.name)?.push(await move(clusters, folder, contender))
      process.stderr.write('.')
    }
  }
  process.stdout.write(`\n${rows} rows with one AES-256-GCM column, medians of ${rounds} rounds\n\n| | copy, rows/s | verify, rows/s | client CPU, µs a row |\n|---|---|---|---|\n`)
  const cell = (values: readonly number[], figure: (value: number) => string): string => (values.some(Number.isNaN) ? '–' : figure(median(values)))
  for (const [name, all] of found) {
    if (all.length === 0) process.stdout.write(`| ${name} | missing: no psql on this machine | | |\n`)
    else process.stdout.write(`| ${name} | ${cell(all.map(({ copy }) => copy), (s) => String(Math.round(rows / s)))} | ${cell(all.map(({ verify }) => verify), (s) => String(Math.round(rows / s)))} | ${cell(all.map(({ cpu }) => cpu), (s) => ((s * 1e6) / rows).toFixed(1))} |\n`)
  }
  process.stdout.write(`\nthe stage alone, two streams at once\n\n| | rows/s |\n|---|---|\n`)
  for (const { workers, rate } of await stageRates(rows)) process.stdout.write(`| ${workers === 0 ? 'this thread' : `${workers} worker(s)`} | ${Math.round(rate)} |\n`)
} finally {
  await Promise.all([clusters.source[Symbol.asyncDispose](), clusters.target[Symbol.asyncDispose](), rm(folder, { recursive: true, force: true })])
}
