import { Client } from 'pg'
import { AsyncDisposableStack } from '../../postgres/disposable-stack.js'
import type { LocalCluster } from '../../sandbox/local-cluster.js'
import { installDemoSchema, seedDemoCell } from '../../sandbox/seed-demo-cell.js'
import type { SeededCell } from '../../sandbox/seed-demo-cell.js'
import { startCluster } from '../../sandbox/start-cluster.js'
import { readSecrets, sealDemoSecret } from './demo-secrets.js'
import type { DemoKeys, ReadSecrets } from './demo-secrets.js'
import { listCell } from './listing.js'
import type { Listings } from './proof.js'

const SMALL_ORGANIZATIONS = 20
const BIG_ORGANIZATION_ROWS = 80_000
const DATABASES = { source: 'cell_a', target: 'cell_b', control: 'control' } as const
type Place = keyof typeof DATABASES

/** Three servers of their own, so that the cells share nothing, not even an object id. */
export interface DemoCells extends AsyncDisposable {
  readonly version: number
  readonly clusters: readonly LocalCluster[]
  url(place: Place): string
}

/** Resolves once all three accept connections; one that fails ends the others. */
export async function startDemoCells(): Promise<DemoCells> {
  const stack = new AsyncDisposableStack()
  const started = await Promise.allSettled((Object.keys(DATABASES) as Place[]).map(async (place) => [place, stack.use(await startCluster())] as const))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await stack[Symbol.asyncDispose]()
    throw failed.reason
  }
  const clusters = new Map(started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
  const clusterOf = (place: Place): LocalCluster => clusters.get(place) as LocalCluster
  for (const place of clusters.keys()) await withClient(clusterOf(place).url(), (client) => client.query(`CREATE DATABASE ${DATABASES[place]}`))
  return {
    version: clusterOf('source').majorVersion,
    clusters: [...clusters.values()],
    url: (place) => clusterOf(place).url(DATABASES[place]),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  }
}

export interface Inhabitants {
  readonly source: SeededCell
  readonly target: SeededCell
}

/** Both cells with schema and rows, secrets under a key of each cell's own. The target's columns stand in another order, as on a cell of another age. */
export async function fillDemoCells(cells: DemoCells, keys: DemoKeys): Promise<Inhabitants> {
  const fill = (place: 'source' | 'target', cell: number, bigOrgRows: number): Promise<SeededCell> =>
    withClient(cells.url(place), async (client) => {
      await installDemoSchema(client, { cell, variant: cell === 1 ? 'standard' : 'column-order' })
      return seedDemoCell(client, { cell, organizations: SMALL_ORGANIZATIONS, bigOrgRows, seal: (plaintext) => sealDemoSecret(plaintext, keys[place]) })
    })
  const [source, target] = await Promise.all([fill('source', 1, BIG_ORGANIZATION_ROWS), fill('target', 2, 0)])
  return { source, target }
}

export async function listCells(cells: DemoCells): Promise<Listings> {
  const [source, target] = await Promise.all([withClient(cells.url('source'), listCell), withClient(cells.url('target'), listCell)])
  return { source, target }
}

/** One organization's secrets as they are stored on that cell, read with that key. */
export async function readCellSecrets(cells: DemoCells, place: 'source' | 'target', org: string, key: Buffer): Promise<ReadSecrets> {
  return withClient(cells.url(place), (client) => readSecrets(client, org, key))
}

/** A session that ends with the work, whatever becomes of it. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'org-mover demo' })
  // the server may be ended under it, when the demo is interrupted
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
