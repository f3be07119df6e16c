import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { survey } from '../test/support/workload.js'
import { OPERATIONS } from '../test/support/workload-operations.js'

export interface Writers {
  /** Ends them; milliseconds of every transaction, from when it was due to its commit. */
  stop(): Promise<readonly number[]>
}

/**
 * Sessions of other organizations that write at a steady rate together, whether the server keeps up or not: a transaction that could not begin in time counts from when
 * it was due. A refused statement ends the benchmark: nobody but the organization that moves may be refused.
 */
export async function startWriters(url: string, options: { readonly orgs: readonly string[]; readonly perSecond: number }): Promise<Writers> {
  const clients = await Promise.all(options.orgs.map(async (org) => ({ org, client: await connected(url) })))
  const grounds = await Promise.all(clients.map(({ client, org }) => survey(client, org)))
  const everyMs = (1000 * clients.length) / options.perSecond
  const latencies: number[] = []
  const state = { isStopping: false }
  const begunMs = performance.now()
  const loops = clients.map(async ({ client }, n) => {
    const ground = grounds[n]
    if (ground === undefined) return
    for (let turn = 0; !state.isStopping; turn++) {
      const dueMs = begunMs + everyMs * (turn + n / clients.length)
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
      await client.query('BEGIN')
      await OPERATIONS[turn % OPERATIONS.length]?.(client, ground, turn)
      await client.query('COMMIT')
      latencies.push(performance.now() - dueMs)
    }
  })
  return {
    async stop() {
      state.isStopping = true
      await Promise.all(loops)
      await Promise.all(clients.map(({ client }) => client.end()))
      return latencies
    },
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'neighbour' })
  await client.connect()
  return client
}
