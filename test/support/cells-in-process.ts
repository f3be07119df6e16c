import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { App, MoveIo } from '../../src/cli/app.js'
import { loadSettings } from '../../src/config/load-settings.js'
import type { Settings } from '../../src/config/settings.js'
import { createApp } from '../../src/move/app.js'
import { createLogger } from '../../src/observability/logger.js'
import { silent } from '../../src/observability/progress.js'
import { freshDatabase } from './database.js'
import type { FreshDatabaseOptions, TestDatabase } from './database.js'
import { CELLS } from './generated-cell/model.js'
import type { CellName } from './generated-cell/model.js'

export interface CellsInProcess extends AsyncDisposable {
  readonly app: App
  readonly settings: Settings
  readonly io: MoveIo
  readonly databases: Readonly<Record<CellName, ReadonlyMap<string, TestDatabase>>>
  readonly control: TestDatabase
  /** For the built program, beside the application within this process. */
  readonly configFile: string
}

export interface CellsOptions {
  readonly databases: readonly string[]
  /** Run in the cell's database before the application looks at it. */
  readonly setUp: (cell: CellName, database: string) => string
  /** Top-level keys of the configuration beside cells and control. */
  readonly config: Readonly<Record<string, unknown>>
  /** Organizations that `cell-a` serves. */
  readonly orgs: readonly string[]
  readonly encoding?: Readonly<Record<CellName, FreshDatabaseOptions['encoding']>>
  /** The role (password `weak`) as which the application comes to the cells; default: the superuser. */
  readonly role?: string
  /** The URL by which the application comes to a database, once that is set up; instead of `role`. */
  readonly connectAs?: (database: TestDatabase, part: 'cell' | 'control') => Promise<string>
  /** Further keys of each cell in the configuration. */
  readonly cell?: Readonly<Record<string, unknown>>
  /** Keyring files by cell. */
  readonly keyrings?: Readonly<Record<CellName, unknown>>
}

/** Two cells and a control database, and the application on them within this process: no start of a program for each command. */
export async function cellsInProcess(options: CellsOptions): Promise<CellsInProcess> {
  const control = await freshDatabase({ cluster: 'a' })
  const databases = { a: new Map<string, TestDatabase>(), b: new Map<string, TestDatabase>() }
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-generated-'))
  const dispose = async (): Promise<void> => {
    await Promise.all([control, ...databases.a.values(), ...databases.b.values()].map((database) => database[Symbol.asyncDispose]()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(
      CELLS.map(async (cell) => {
        for (const name of options.databases) {
          const encoding = options.encoding?.[cell]
          const database = await freshDatabase({ cluster: cell, ...(encoding === undefined ? {} : { encoding }) })
          databases[cell].set(name, database)
          await database.query(options.setUp(cell, name))
        }
      }),
    )
    const file = join(folder, 'org-mover.yaml')
    const cellOf = async (cell: CellName): Promise<Record<string, unknown>> => {
      const keyring = join(folder, `${cell}-keys.yaml`)
      if (options.keyrings !== undefined) await writeFile(keyring, stringify(options.keyrings[cell]), { mode: 0o600 })
      const urls: [string, string][] = []
      for (const [name, database] of databases[cell]) urls.push([name, (await options.connectAs?.(database, 'cell')) ?? asRole(database.url, options.role)])
      return { ...options.cell, databases: Object.fromEntries(urls), ...(options.keyrings === undefined ? {} : { keyring }) }
    }
    await writeFile(file, stringify({ cells: { 'cell-a': await cellOf('a'), 'cell-b': await cellOf('b') }, control: (await options.connectAs?.(control, 'control')) ?? control.url, retention: 0, ...options.config }))
    const signal = new AbortController().signal
    const logger = createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } })
    const settings = await loadSettings(file, {})
    const app = createApp(settings, { logger, signal })
    await app.init()
    for (const org of options.orgs) await control.query(`INSERT INTO org_mover.route VALUES ($1, 'cell-a', 1)`, [org])
    return {
      app,
      settings,
      control,
      configFile: file,
      databases,
      io: { progress: silent, confirm: async () => true, signal },
      async [Symbol.asyncDispose]() {
        await app[Symbol.asyncDispose]()
        await dispose()
      },
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

function asRole(url: string, role: string | undefined): string {
  if (role === undefined) return url
  const changed = new URL(url)
  changed.username = role
  changed.password = 'weak'
  return changed.href
}
