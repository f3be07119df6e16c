import { Client } from 'pg'
import type { Cluster } from '../src/sandbox/cluster.js'
import { installDemoSchema, seedDemoCell } from '../src/sandbox/seed-demo-cell.js'
import { startCluster } from '../src/sandbox/start-cluster.js'
import type { Side } from '../src/domain/vocabulary.js'

/**
 * As a live cell would be set: durable. Autovacuum alone is off, because it would start in the middle of one contender's run and
 * not of another's; checkpoints are taken before each measurement and are rare during it.
 */
export const BENCH_SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  wal_level: 'logical',
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  autovacuum: 'off',
} as const

export const SMALL_ORGANIZATIONS = 20
/** Number of the big organization on the source. */
export const BIG_ORGANIZATION = String(SMALL_ORGANIZATIONS + 1)
export const SMALL_ORGANIZATION = '1'

/** Two clusters whose databases are copied from templates, so that every measurement begins in the same state. */
export class BenchCells implements AsyncDisposable {
  readonly #clusters: Readonly<Record<Side, Cluster>>

  private constructor(clusters: Readonly<Record<Side, Cluster>>) {
    this.#clusters = clusters
  }

  static async start(): Promise<BenchCells> {
    return new BenchCells({ source: await startCluster({ settings: BENCH_SETTINGS }), target: await startCluster({ settings: BENCH_SETTINGS }) })
  }

  url(side: Side, database: string): string {
    return this.#clusters[side].url(database)
  }

  /** The postmaster, whose descendants' CPU time is the server's. */
  pid(side: Side): number | null {
    const cluster: unknown = this.#clusters[side]
    const pid: unknown = typeof cluster === 'object' && cluster !== null ? Reflect.get(cluster, 'pid') : null
    return typeof pid === 'number' ? pid : null
  }

  get majorVersion(): number {
    return this.#clusters.source.majorVersion
  }

  /** A template of the demo cell: on the source with one big organization of about `rows` rows, on the target with small ones only. */
  async seedTemplate(side: Side, name: string, rows: number): Promise<void> {
    const cell = side === 'source' ? 1 : 2
    await this.query(side, 'postgres', `CREATE DATABASE ${name}`)
    await withClient(this.url(side, name), async (client) => {
      await installDemoSchema(client, { cell, variant: 'standard' })
      await seedDemoCell(client, { cell, organizations: SMALL_ORGANIZATIONS, bigOrgRows: side === 'source' ? rows : 0 })
      await client.query('VACUUM (ANALYZE)')
    })
  }

  /** Replaces a database by a copy of a template; the template must have no sessions. */
  async restore(side: Side, database: string, template: string): Promise<void> {
    await this.query(side, 'postgres', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    await this.query(side, 'postgres', `CREATE DATABASE ${database} TEMPLATE ${template} STRATEGY FILE_COPY`)
  }

  async checkpoint(): Promise<void> {
    for (const side of ['source', 'target'] as const) await this.query(side, 'postgres', 'CHECKPOINT')
  }

  async query(side: Side, database: string, text: string): Promise<readonly Record<string, unknown>[]> {
    return withClient(this.url(side, database), async (client) => (await client.query<Record<string, unknown>>(text)).rows)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#clusters.source[Symbol.asyncDispose](), this.#clusters.target[Symbol.asyncDispose]()])
  }
}

export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
