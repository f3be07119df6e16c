import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { demoCellSql } from '../../src/sandbox/seed-demo-cell.js'
import { startCli } from './cli-process.js'
import type { CliOptions, CliProcess, CliResult } from './cli-process.js'
import { freshDatabase } from './database.js'
import type { TestDatabase } from './database.js'
import { GLOBAL, listObjects, listOrganizations } from './oracle.js'
import type { Listed } from './oracle.js'
import { documentOf } from './output-schema.js'
import type { CommandName, Documents } from './output-schema.js'

const DEMO = new URL('../../schema/demo/', import.meta.url)

/** A key that opens nothing: both cells have the same one, so that secrets need not be opened. */
const KEYRING = stringify({ keys: { app: { current: 'k1', versions: { k1: Buffer.alloc(32, 7).toString('base64') } } } })

export interface DemoCellsOptions {
  /** Rows of one more, big organization; 0 (default) for none. */
  readonly bigOrgRows?: number
  /** Top-level keys of the configuration to add or replace. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** What `orgMover` yields: the exit code, and the document that fits the command's published schema. */
interface Run<C extends CommandName> extends CliResult {
  readonly json: Documents[C]
}

/** Everything that a test holds against what was there before. */
export interface Picture {
  readonly organizations: ReadonlyMap<string, readonly Listed[]>
  readonly objects: readonly string[]
}

export interface DemoCells extends AsyncDisposable {
  /** `cell-a`, standard column order, and `cell-b`, other column positions: full of organizations of their own. */
  readonly a: TestDatabase
  readonly b: TestDatabase
  readonly control: TestDatabase
  readonly configFile: string
  /** A small organization on cell-a; the route of it is known. */
  readonly org: string
  /** Others on cell-a; the last one is the big one where there is one. */
  readonly neighbours: readonly string[]
  /** Runs a command to its end, with --config and --json, and holds its document against the schema. */
  orgMover<C extends CommandName>(args: readonly [C, ...string[]], options?: CliOptions): Promise<Run<C>>
  /** Starts a command and leaves it running. */
  start(args: readonly string[], options?: CliOptions): CliProcess
  /** Another configuration file beside the first. */
  configure(change: (config: Record<string, unknown>) => void): Promise<string>
}

const ORGANIZATIONS = 3

/** Two demo cells that live on two servers, a control database with its schema, and a configuration for them. */
export async function demoCells({ bigOrgRows = 0, config = {} }: DemoCellsOptions = {}): Promise<DemoCells> {
  const [a, b, control] = await Promise.all([cell(1, bigOrgRows), cell(2, 0), freshDatabase({ cluster: 'a' })])
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-e2e-'))
  const base = { ...(await baseConfig({ a, b, control }, folder)), ...config }
  const configFile = await write(folder, 'org-mover.yaml', stringify(base))
  await write(folder, 'keys.yaml', KEYRING)
  const organizations = Array.from({ length: ORGANIZATIONS + (bigOrgRows > 0 ? 1 : 0) }, (_, n) => String(n + 1))
  const [org = '', ...neighbours] = organizations
  const processes: CliProcess[] = []
  const start = (args: readonly string[], options: CliOptions = {}): CliProcess => {
    const started = startCli([...args, ...(args.includes('--config') ? [] : ['--config', configFile]), '--json', '--no-progress'], options)
    processes.push(started)
    return started
  }
  let files = 0
  const cells: DemoCells = {
    a,
    b,
    control,
    configFile,
    org,
    neighbours,
    start,
    async orgMover<C extends CommandName>(args: readonly [C, ...string[]], options: CliOptions = {}): Promise<Run<C>> {
      const result = await start(args, options).result
      return { ...result, json: documentOf(args[0], result.stdout) }
    },
    async configure(change) {
      const copy: Record<string, unknown> = parse(stringify(base))
      change(copy)
      files += 1
      return write(folder, `org-mover-${files}.yaml`, stringify(copy))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()))
      await Promise.all([a, b, control].map((database) => database[Symbol.asyncDispose]()))
      await rm(folder, { recursive: true, force: true })
    },
  }
  await cells.orgMover(['init'])
  for (const id of organizations) await control.query(`INSERT INTO org_mover.route VALUES ($1, 'cell-a', 1)`, [id])
  return cells
}

async function cell(number: 1 | 2, bigOrgRows: number): Promise<TestDatabase> {
  const sql = await demoCellSql({ cell: number, variant: number === 1 ? 'standard' : 'column-order', organizations: ORGANIZATIONS, bigOrgRows })
  return freshDatabase({ cluster: number === 1 ? 'a' : 'b', template: { name: `cell_${number}`, source: { sql } } })
}

/** The demo's own configuration, so that its dictionary and tenancy are what is tested. */
async function baseConfig(databases: Readonly<Record<'a' | 'b' | 'control', TestDatabase>>, folder: string): Promise<Record<string, unknown>> {
  const demo: { tenancy: Record<string, unknown> } = parse(await readFile(new URL('org-mover.yaml', DEMO), 'utf8'))
  const keyring = join(folder, 'keys.yaml')
  return {
    cells: { 'cell-a': { databases: { main: databases.a.url }, keyring }, 'cell-b': { databases: { main: databases.b.url }, keyring } },
    control: databases.control.url,
    tenancy: { ...demo.tenancy, dictionary: fileURLToPath(new URL('dictionary', DEMO)) },
    copy: { jobs: 2 },
    lock_timeout: '1500ms',
  }
}

async function write(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text, { mode: 0o600 })
  return file
}

/** Rows by the independent listing, and every object of the database. */
export async function pictureOf(database: TestDatabase): Promise<Picture> {
  const client = await database.connect()
  try {
    return { organizations: await listOrganizations(client), objects: await listObjects(client) }
  } finally {
    await client.end()
  }
}

/** Rows of all organizations but one, and of the cell itself. */
export function bystanders(picture: Picture, org: string, { withGlobal = true }: { readonly withGlobal?: boolean } = {}): Readonly<Record<string, readonly Listed[]>> {
  return Object.fromEntries([...picture.organizations].filter(([id]) => id !== org && (withGlobal || id !== GLOBAL)))
}
