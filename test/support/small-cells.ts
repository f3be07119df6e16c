import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { App, MoveIo } from '../../src/cli/app.js'
import { loadSettings } from '../../src/config/load-settings.js'
import { errorDocument } from '../../src/domain/documents.js'
import type { CheckDocument, MoveDocument } from '../../src/domain/documents.js'
import { ERROR_CATALOGUE } from '../../src/domain/error-catalogue.js'
import { asMoverError } from '../../src/domain/errors.js'
import { createApp } from '../../src/move/app.js'
import { installControlSchema } from '../../src/move/control-schema.js'
import { createLogger } from '../../src/observability/logger.js'
import { silent } from '../../src/observability/progress.js'
import type { Progress } from '../../src/observability/progress.js'
import { Session } from '../../src/postgres/session.js'
import { freshDatabase } from './database.js'
import type { TestDatabase } from './database.js'
import { listObjects } from './list-objects.js'
import { SMALL_LISTING, SMALL_TENANCY, smallCell } from './small-schema.js'

/** The organization that moves from cell-a to cell-b. */
export const ORG = '1'

export type Role = 'source' | 'target' | 'control' | 'routing'

export interface SmallCellsOptions {
  /** Rewrites the connection strings that the configuration gets: by way of a proxy, for example. */
  readonly through?: (role: Role, url: string) => string
  /** The replica of the source database with that URL. */
  readonly readFrom?: (url: string) => string
  readonly config?: Readonly<Record<string, unknown>>
  /** The routing table in a database of its own. */
  readonly ownRouting?: boolean
  /** Environment of the configuration and of commands. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets the lines of the log, from level info. */
  readonly log?: (line: string) => void
  /** Where the databases are made, if not on the servers of the run. */
  readonly databases?: (role: Role) => Promise<TestDatabase>
}

/** How a command ended. */
export interface Ended {
  readonly exit: number
  readonly code: string | null
  readonly message: string
  readonly hint: string
  readonly document: MoveDocument | null
}

/** Everything that a cell holds. */
export interface Look {
  readonly rows: Readonly<Record<string, readonly string[]>>
  readonly objects: readonly string[]
}

/**
 * Two cells of nine small tables, one for each kind of rule, and the application within this process: a move takes the same
 * statements in the same order every time.
 */
export interface SmallCells extends AsyncDisposable {
  readonly databases: Readonly<Record<Role, TestDatabase>>
  /** For the built program, beside the application within this process. */
  readonly configFile: string
  /** One command in an application of its own, as one run of the program. */
  run(command: (app: App, io: MoveIo) => Promise<MoveDocument>, options?: { readonly signal?: AbortSignal; readonly progress?: Progress }): Promise<Ended>
  doctor(): Promise<CheckDocument>
  /** The move's id, as the journal has it; null before there is one. */
  moveId(): Promise<string | null>
  /** As if the time had passed that a dead process's lease lasts. */
  endLease(): Promise<void>
  route(): Promise<string | null>
  look(): Promise<{ readonly a: Look; readonly b: Look }>
}

export async function smallCells(options: SmallCellsOptions = {}): Promise<SmallCells> {
  const made: TestDatabase[] = []
  const make = async (role: Role): Promise<TestDatabase> => {
    const database = await (options.databases?.(role) ?? defaultDatabase(role))
    made.push(database)
    await setUp(database, role)
    return database
  }
  const [source, target, control] = await Promise.all([make('source'), make('target'), make('control')])
  const routing = options.ownRouting === true ? await make('routing') : control
  const databases = { source, target, control, routing }
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-small-'))
  const through = options.through ?? ((_, url) => url)
  const file = join(folder, 'org-mover.yaml')
  const elsewhere = { url: through('routing', routing.url), table: 'public.route', org_column: 'organization', cell_column: 'cell', epoch_column: 'epoch' }
  const text = stringify({
    cells: { 'cell-a': { databases: { main: options.readFrom === undefined ? through('source', source.url) : { url: source.url, read_from: options.readFrom(source.url) } } }, 'cell-b': { databases: { main: through('target', target.url) } } },
    control: through('control', control.url),
    ...(options.ownRouting === true ? { routing: elsewhere } : {}),
    tenancy: SMALL_TENANCY,
    retention: 0,
    copy: { jobs: 1, chunk_rows: 2 },
    ...options.config,
  })
  await writeFile(file, text, { mode: 0o600 })
  const settings = await loadSettings(file, options.env ?? {})
  const logger = createLogger({ level: options.log === undefined ? 'silent' : 'info', format: 'json', colour: false, destination: { write: options.log ?? (() => undefined) } })
  return {
    databases,
    configFile: file,
    async run(command, { signal = new AbortController().signal, progress = silent } = {}) {
      await using app = createApp(settings, { logger, signal })
      try {
        const document = await command(app, { progress, confirm: async () => true, signal })
        return ended(document.error, document)
      } catch (error) {
        return ended(errorDocument(asMoverError(error)), null)
      }
    },
    async doctor() {
      await using app = createApp(settings, { logger, signal: new AbortController().signal })
      return app.doctor()
    },
    async moveId() {
      const [row] = await control.query<{ id: string }>(`SELECT id::text FROM org_mover.move ORDER BY id DESC LIMIT 1`)
      return row?.id ?? null
    },
    async endLease() {
      await control.query('UPDATE org_mover.move SET lease_until = clock_timestamp() WHERE lease_holder IS NOT NULL')
    },
    async route() {
      const [row] = await routing.query<{ cell: string }>(`SELECT cell FROM ${options.ownRouting === true ? 'public' : 'org_mover'}.route WHERE organization = $1`, [ORG])
      return row?.cell ?? null
    },
    async look() {
      const [a, b] = await Promise.all([lookAt(source), lookAt(target)])
      return { a, b }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(made.map((database) => database[Symbol.asyncDispose]()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function ended(error: MoveDocument['error'], document: MoveDocument | null): Ended {
  if (error === null) return { exit: 0, code: null, message: '', hint: '', document }
  const exit = Object.entries(ERROR_CATALOGUE).find(([code]) => code === error.code)?.[1].exit ?? 1
  return { exit, code: error.code, message: error.message, hint: error.hint, document }
}

/** On the servers of the run; the cells are built once, then copied. */
async function defaultDatabase(role: Role): Promise<TestDatabase> {
  if (role === 'control' || role === 'routing') return freshDatabase({ cluster: 'a' })
  const cell = role === 'source' ? 'a' : 'b'
  return freshDatabase({ cluster: cell, template: { name: `small_${cell}`, source: { sql: smallCell(cell) } } })
}

/** The journal's schema, or a routing table beside it, with the route of the organization in it. */
async function setUp(database: TestDatabase, role: Role): Promise<void> {
  if (role === 'routing') await database.query(`CREATE TABLE public.route (organization text PRIMARY KEY, cell text, epoch bigint); INSERT INTO public.route VALUES ('${ORG}', 'cell-a', 1)`)
  if (role !== 'control') return
  await using session = await Session.open({ url: database.url, role: 'admin', label: 'control', applicationName: 'org-mover', lockTimeoutMs: 5_000 })
  await installControlSchema(session)
  await database.query(`INSERT INTO org_mover.route VALUES ('${ORG}', 'cell-a', 1)`)
}

async function lookAt(database: TestDatabase): Promise<Look> {
  const client = await database.connect()
  try {
    const rows: Record<string, readonly string[]> = {}
    for (const [table, sql] of Object.entries(SMALL_LISTING)) {
      const found = await client.query<{ line: string }>(`SELECT line::text AS line FROM (${sql}) AS listed (line) ORDER BY 1`)
      rows[table] = found.rows.map((row) => row.line)
    }
    return { rows, objects: await listObjects(client) }
  } finally {
    await client.end()
  }
}
