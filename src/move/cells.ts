import { CHECK_LIMIT_MS } from '../checks/examination.js'
import type { DatabaseSettings, Settings } from '../config/settings.js'
import { MoverError } from '../domain/errors.js'
import type { Side } from '../domain/vocabulary.js'
import { CellDatabase } from '../dataplane/cell-database.js'
import { Session } from '../postgres/session.js'
import { readKeyring } from '../secrets/keyring.js'
import type { Keyring } from '../secrets/keyring.js'
import { loadCodecs } from '../secrets/load-codecs.js'
import { Vault } from '../secrets/vault.js'
import { workersOf } from '../secrets/worker-pool.js'

export function cellNamed(settings: Settings, name: string): Settings['cells'] extends ReadonlyMap<string, infer Cell> ? Cell : never {
  const cell = settings.cells.get(name)
  if (cell !== undefined) return cell
  throw new MoverError({ code: 'OM1005', message: `there is no cell ${name} in the configuration`, hint: `cells are ${[...settings.cells.keys()].join(', ')}`, retry: 'after-fix' })
}

/** The secrets of a move between two cells. Opens neither keyrings nor codec modules yet. */
export function vaultOf(settings: Settings, cells: Readonly<Record<Side, string>>): Vault {
  const { codecs, mode, workers } = settings.secrets
  return new Vault({ mode, workers: { count: workersOf(workers), codecFiles: codecs }, transportKey: settings.cells.get(cells.target)?.transportKey ?? null, keyring: (side) => keyringOf(settings, cells[side]), codecs: () => loadCodecs(codecs) })
}

/** The keys of a cell, or null where the configuration names no keyring for it. */
async function keyringOf(settings: Settings, cell: string): Promise<Keyring | null> {
  const { keyring } = cellNamed(settings, cell)
  return keyring === null ? null : readKeyring({ file: keyring, environment: settings.environment })
}

export interface CellOptions {
  readonly settings: Settings
  readonly cell: string
  readonly side: Side
  readonly applicationName: string
  readonly pass: string
}

/** All databases of one side, by name. Opens nothing yet. */
export function cellDatabases(options: CellOptions): ReadonlyMap<string, CellDatabase> {
  const { settings, cell, side, applicationName, pass } = options
  return new Map(
    [...cellNamed(settings, cell).databases].map(([database, { url, readFrom, searchPath }]) => [
      database,
      new CellDatabase({
        cell,
        side,
        database,
        url,
        // what is written on the target is read where it was written
        readFrom: side === 'source' ? readFrom : null,
        // on the source the mover only deletes, and compares digests that were taken under pg_catalog
        searchPath: side === 'source' ? 'pg_catalog' : searchPath,
        applicationName,
        lockTimeoutMs: settings.lockTimeoutMs,
        answerTimeoutMs: settings.answerTimeoutMs,
        pass,
      }),
    ]),
  )
}

/** A reading session for checks: its statements end, with OM3012, when they take too long. */
export async function openForChecks(settings: Settings, cell: string, database: string, applicationName: string): Promise<Session> {
  return Session.open({ url: databaseOf(settings, cell, database).url, role: 'read', label: `${cell}/${database}`, applicationName, lockTimeoutMs: settings.lockTimeoutMs, answerTimeoutMs: settings.answerTimeoutMs, statementTimeoutMs: CHECK_LIMIT_MS })
}

/** A session of the target that loads as a move does, for temporary tables; its statements end as those of checks do. */
export async function openForSample(settings: Settings, cell: string, database: string, applicationName: string): Promise<Session> {
  const { url, searchPath } = databaseOf(settings, cell, database)
  return Session.open({ url, role: 'load', label: `${cell}/${database}`, applicationName, searchPath, lockTimeoutMs: settings.lockTimeoutMs, answerTimeoutMs: settings.answerTimeoutMs, statementTimeoutMs: CHECK_LIMIT_MS })
}

function databaseOf(settings: Settings, cell: string, database: string): DatabaseSettings {
  const found = cellNamed(settings, cell).databases.get(database)
  if (found !== undefined) return found
  throw new MoverError({ code: 'OM1001', message: `cell ${cell} has no database ${database}, which the other cell has`, hint: 'name the same databases for both cells', retry: 'after-fix' })
}

export async function openControl(settings: Settings): Promise<Session> {
  return Session.open({ url: settings.control, role: 'admin', label: 'control', applicationName: 'org-mover control', lockTimeoutMs: settings.lockTimeoutMs, answerTimeoutMs: settings.answerTimeoutMs })
}
