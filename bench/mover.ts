import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MoveDocument } from '../src/domain/documents.js'
import type { MovePlan } from '../src/domain/move-plan.js'
import type { BenchCells } from './cells.js'
import { measure } from './measure.js'
import type { Measured } from './measure.js'

const PROGRAM = fileURLToPath(new URL('../bin/org-mover.js', import.meta.url))
const DICTIONARY = fileURLToPath(new URL('../schema/demo/dictionary', import.meta.url))

const KEYRING = 'keyring.yaml'

/** Databases that the mover works on: the cells' and its own, which lives on the source's server. */
export const CELL = 'cell'
export const CONTROL = 'control'

export interface CopySettings {
  readonly jobs: number
  readonly chunkRows: number
  readonly maxBytesPerSecond?: number
}

export interface Moved {
  readonly document: MoveDocument
  readonly measured: Measured
}

/** The command line against the two cells, as an operator runs it. */
export class Mover {
  readonly #cells: BenchCells
  readonly #config: string

  private constructor(cells: BenchCells, config: string) {
    this.#cells = cells
    this.#config = config
  }

  static async configure(cells: BenchCells, file: string, copy: CopySettings): Promise<Mover> {
    // the tenancy of schema/demo/org-mover.yaml; both cells have the same key: secrets travel as they are stored
    const config = {
      cells: {
        'cell-a': { databases: { main: cells.url('source', CELL) }, keyring: KEYRING },
        'cell-b': { databases: { main: cells.url('target', CELL) }, keyring: KEYRING },
      },
      control: cells.url('source', CONTROL),
      tenancy: {
        root: 'public.organizations',
        dictionary: DICTIONARY,
        classes: { gitlab_main_org: { database: 'main' }, gitlab_main_user: { database: 'main' }, gitlab_ci: { database: 'main' }, gitlab_main_cell_local: { exempt: 'skip' } },
      },
      copy: { jobs: copy.jobs, chunk_rows: copy.chunkRows, max_bytes_per_second: copy.maxBytesPerSecond ?? null },
    }
    // JSON is YAML
    const keys = { keys: { app: { current: 'k1', versions: { k1: randomBytes(32).toString('base64') } } } }
    await writeFile(join(dirname(file), KEYRING), JSON.stringify(keys), { mode: 0o600 })
    await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 })
    return new Mover(cells, file)
  }

  /** Both cells as their templates are, and a control database that knows nothing. */
  async reset(template: string): Promise<void> {
    await this.#cells.restore('source', CELL, template)
    await this.#cells.restore('target', CELL, 'template_b')
    await this.#cells.query('source', 'postgres', `DROP DATABASE IF EXISTS ${CONTROL} WITH (FORCE)`)
    await this.#cells.query('source', 'postgres', `CREATE DATABASE ${CONTROL}`)
    const { exitCode, stderr } = await this.#run(['init'])
    if (exitCode !== 0) throw new Error(`init failed: ${stderr}`)
    await this.#cells.checkpoint()
  }

  /** The whole move; throws unless it was proven equal and cut over. */
  async move(org: string): Promise<Moved> {
    const measured = await this.#run(['move', '--org', org, '--from', 'cell-a', '--to', 'cell-b', '--yes', '--json', '--no-progress'])
    const document = documentOf(measured)
    if (measured.exitCode !== 0 || document.state !== 'cut_over' || document.verification.verdict !== 'equal') throw new Error(`the move failed: ${measured.stdout} ${measured.stderr}`)
    return { document, measured }
  }

  async purge(moveId: string, org: string): Promise<Moved> {
    const measured = await this.#run(['purge', moveId, '--yes', `--waive-retention=${org}`, '--json', '--no-progress'])
    const document = documentOf(measured)
    if (measured.exitCode !== 0 || document.state !== 'completed') throw new Error(`the purge failed: ${measured.stdout} ${measured.stderr}`)
    return { document, measured }
  }

  /** What prepare resolved: the peers are told the same tables, rows and projections. */
  async planOf(moveId: string): Promise<MovePlan> {
    const [row] = await this.#cells.query('source', CONTROL, `SELECT plan FROM org_mover.move WHERE id = '${moveId}'`)
    const plan = row?.['plan']
    if (!isPlan(plan)) throw new Error('the journal has no plan')
    return plan
  }

  #run(args: readonly string[]): Promise<Measured> {
    return measure({ command: process.execPath, args: [PROGRAM, ...args, '--config', this.#config] })
  }
}

function isPlan(plan: unknown): plan is MovePlan {
  return typeof plan === 'object' && plan !== null && 'owned' in plan && 'keySets' in plan
}

function documentOf(measured: Measured): MoveDocument {
  try {
    return JSON.parse(measured.stdout) as MoveDocument
  } catch {
    throw new Error(`no document: ${measured.stdout} ${measured.stderr}`)
  }
}

/** Seconds by phase. */
export function secondsOf(document: MoveDocument, ...phases: readonly string[]): number {
  return document.timings.filter((timing) => phases.includes(timing.phase)).reduce((sum, timing) => sum + (timing.seconds ?? 0), 0)
}
