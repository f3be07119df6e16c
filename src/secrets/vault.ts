import { randomBytes } from 'node:crypto'
import { bug, MoverError } from '../domain/errors.js'
import type { MovePlan, TableShape } from '../domain/move-plan.js'
import { allTables } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import type { SecretPass, SecretRow } from '../dataplane/secret-pass.js'
import type { Codec } from './codec.js'
import { CodecError } from './codec.js'
import type { Keyring } from './keyring.js'
import { chain, chainAll } from './maybe.js'
import type { Maybe } from './maybe.js'
import { digestColumn, reencryptColumn } from './reencrypt.js'
import type { Witness } from './reencrypt.js'
import type { ColumnRow, SecretColumn } from './secret-column.js'
import { secretColumns } from './secret-columns.js'
import type { TableSecrets } from './secret-columns.js'
import { SecretTally } from './secret-tally.js'
import { WorkerPool } from './worker-pool.js'
import type { SecretTools } from './secret-tools.js'

export interface VaultSources {
  /** `staged`: this process has no keys, or those of one cell; secrets travel sealed. */
  readonly mode: 'inline' | 'staged'
  /** The target's public key, to which secrets are sealed. */
  readonly transportKey: string | null
  /** Threads that encrypt beside this one, and the codec modules that they need; null for none. */
  readonly workers: { readonly count: number; readonly codecFiles: readonly string[] } | null
  readonly keyring: (side: Side) => Promise<Keyring | null>
  readonly codecs: () => Promise<ReadonlyMap<string, Codec>>
}

/**
 * The keys of both cells, for one process that holds both; or, where secrets travel sealed, of one cell at a time. Keys and plaintexts stay in here and in the calls that it makes (P8): what comes out are
 * ciphertexts under the target's key, and digests under a key that is made anew with every vault and never leaves it.
 */
export class Vault {
  readonly #sources: VaultSources
  readonly #digestKey = randomBytes(32)
  readonly #tally = new SecretTally()
  readonly #pool: WorkerPool | null
  #tools: Promise<SecretTools> | null = null
  #codecs: Promise<SecretTools['codecs']> | null = null
  #opened: { readonly plan: MovePlan; readonly passes: ReadonlyMap<number, SecretPass> } | null = null

  constructor(sources: VaultSources) {
    this.#sources = sources
    const { workers } = sources
    this.#pool = workers === null || workers.count === 0 ? null : new WorkerPool(workers.count, async () => ({ keyrings: (await this.tools()).keyrings, codecFiles: workers.codecFiles }))
  }

  get transportKey(): string | null {
    return this.#sources.transportKey
  }

  get mode(): VaultSources['mode'] {
    return this.#sources.mode
  }

  /** The secret columns of a table with the ciphers of one side alone; the other's keyring is not read. */
  async columnsOf(table: TableShape, side: Side): Promise<TableSecrets> {
    if (this.#opened === null) throw bug('secrets were asked for before the plan was opened')
    const [keyring, codecs] = [await this.#sources.keyring(side), await this.codecs()]
    return secretColumns(table, { codecs, keyrings: { source: null, target: null, [side]: keyring } }, this.#opened.plan.org, side)
  }

  codecs(): Promise<SecretTools['codecs']> {
    this.#codecs ??= this.#sources.codecs()
    return this.#codecs
  }

  /** Reads keyrings and codec modules, once. Throws OM1001 where one cannot be read. */
  tools(): Promise<SecretTools> {
    this.#tools ??= this.#read()
    return this.#tools
  }

  /** How many values of which column were opened by which version of a key. */
  get tally(): SecretTally {
    return this.#tally
  }

  /** Makes the passes of the plan's tables. Reads no key where no column of the plan is to be encrypted anew. */
  async open(plan: MovePlan): Promise<void> {
    if (this.#opened?.plan === plan) return
    const tables = allTables(plan).filter((table) => table.columns.some((column) => column.secrets.length > 0))
    const passes = new Map<number, SecretPass>()
    if (tables.length > 0 && this.mode === 'staged') {
      const tools = { codecs: await this.codecs(), keyrings: { source: null, target: null } }
      for (const table of tables) passes.set(table.no, blindPass(table, secretColumns(table, tools, plan.org, 'neither')))
    } else if (tables.length > 0) {
      const tools = await this.tools()
      for (const table of tables) passes.set(table.no, this.#pass(table, tools, plan.org))
    }
    this.#opened = { plan, passes }
  }

  /** The pass of a table of the plan opened last; null where it has no secrets. */
  readonly pass = (table: Pick<TableShape, 'no'>): SecretPass | null => {
    if (this.#opened === null) throw bug('secrets were asked for before the plan was opened')
    return this.#opened.passes.get(table.no) ?? null
  }

  async #read(): Promise<SecretTools> {
    const [source, target, codecs] = [await this.#sources.keyring('source'), await this.#sources.keyring('target'), await this.codecs()]
    return { codecs, keyrings: { source, target } }
  }

  #pass(table: TableShape, tools: SecretTools, org: string): SecretPass {
    const { columns, conditions, read } = secretColumns(table, tools, org)
    const pool = this.#pool
    const place = (key: readonly string[]): { readonly schema: string; readonly table: string; readonly primaryKey: Readonly<Record<string, string>> } => ({
      schema: table.id.schema,
      table: table.id.name,
      primaryKey: Object.fromEntries((table.identity ?? []).map((name, n) => [name, key[n] ?? ''])),
    })
    return {
      columns: read.map((column) => column.name),
      hidden: hiddenBy(table, read),
      conditions,
      secrets: columns.map((column) => column.name),
      reencrypt: (row, targetKey) => {
        const values = [...row.values]
        const at = place(targetKey)
        return chain(chainAll(columns, (column) => chain(this.#reencrypted(table, column, row, at), (written) => written.forEach((value, n) => (values[n] = value)))), () => values)
      },
      ...(pool === null ? {} : { stage: (plan) => pool.stage(org, table, plan) }),
      prove: (side, row) => {
        const at = place(row.key)
        return chainAll(columns, (column) => this.#reason(column, { values: row.values, holds: row.holds, place: at }, (_, opened) => this.#tally.saw(table, column, side, opened)))
      },
      digests: (side, row, targetKey) => {
        const [at, bound] = [place(row.key), JSON.stringify(targetKey)]
        return chainAll(columns, (column) => digestColumn(column, { values: row.values, holds: row.holds, place: at }, { side, key: this.#digestKey, bound, witness: (_, opened) => this.#tally.saw(table, column, side, opened) }))
      },
    }
  }

  #reason(column: SecretColumn, row: ColumnRow, witness: Witness): Maybe<string | null> {
    try {
      const written = reencryptColumn(column, row, witness)
      return written instanceof Promise ? written.then(() => null, reasonOf) : null
    } catch (error) {
      return reasonOf(error)
    }
  }

  #reencrypted(table: TableShape, column: SecretColumn, row: SecretRow, place: ColumnRow['place']): ReturnType<typeof reencryptColumn> {
    const refuse = (error: unknown): never => {
      throw unreadable(table, column, row, error)
    }
    try {
      const written = reencryptColumn(column, { values: row.values, holds: row.holds, place }, () => undefined)
      return written instanceof Promise ? written.catch(refuse) : written
    } catch (error) {
      return refuse(error)
    }
  }
}

/** A ciphertext differs on the target, and so does what is generated out of it. */
function hiddenBy(table: TableShape, read: TableSecrets['read']): readonly string[] {
  return [...read.map(({ name }) => name), ...table.columns.filter((column) => column.fromSecret).map(({ name }) => name)]
}

/** For a process without keys: the columns are known, and nothing of what they hold. */
function blindPass(table: TableShape, { read }: TableSecrets): SecretPass {
  return { columns: read.map(({ name }) => name), hidden: hiddenBy(table, read), conditions: [], secrets: [], reencrypt: ({ values }) => values, prove: () => [], digests: () => [] }
}

/** What a codec of the operator's own says may hold the value, and goes nowhere. */
function reasonOf(error: unknown): string {
  if (error instanceof CodecError) return error.message
  return error instanceof SyntaxError ? 'the document is no JSON' : 'its codec failed'
}

/** Names the row and never the value. */
function unreadable(table: TableShape, column: SecretColumn, row: SecretRow, error: unknown): MoverError {
  return new MoverError({
    code: 'OM2127',
    message: `secret column ${column.name} of ${table.id.schema}.${table.id.name} (${(table.identity ?? []).join(', ')} ${row.key.join('/')}) cannot be encrypted anew: ${reasonOf(error)}. The chunk was rolled back; the source is fenced`,
    hint: 'correct the value or the rule of the column; `org-mover abort` takes the move back',
    retry: 'after-fix',
  })
}
