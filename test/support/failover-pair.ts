import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { startStandby } from './standby.js'
import { startTestCluster } from './test-cluster.js'
import { until } from './until.js'
import { WireProxy } from './wire-proxy.js'

const run = promisify(execFile)

/** A server with a streaming standby behind one address, as a managed pair has. Dispose it. */
export interface FailoverPair extends AsyncDisposable {
  /** Whichever of the two serves. */
  readonly serving: Pick<Cluster, 'url'>
  readonly proxy: WireProxy
  /** From here on the standby gets nothing: what the primary does is lost with it. */
  cutOff(): Promise<void>
  /** The primary dies, and the standby is promoted with what it has. */
  failOver(): Promise<void>
}

export async function failoverPair(): Promise<FailoverPair> {
  const primary = await startTestCluster()
  const standby = await startStandby(primary)
  const proxy = await WireProxy.start(primary.url())
  let now: Cluster = primary
  return {
    serving: { url: (database) => now.url(database) },
    proxy,
    async cutOff() {
      await caughtUp(primary, standby)
      await on(standby, `ALTER SYSTEM SET primary_conninfo = ''`)
      await on(standby, 'SELECT pg_reload_conf()')
      await until('the standby gets nothing more', async () => (await on(standby, 'SELECT FROM pg_stat_wal_receiver')).length === 0)
    },
    async failOver() {
      if ((await on(standby, 'SELECT FROM pg_stat_wal_receiver')).length > 0) await caughtUp(primary, standby)
      await primary.crash()
      await on(standby, 'SELECT pg_promote()')
      now = standby
      proxy.redirect(standby.url())
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await standby[Symbol.asyncDispose]()
      await primary[Symbol.asyncDispose]()
    },
  }
}

async function caughtUp(primary: Cluster, standby: Cluster): Promise<void> {
  const [row] = await on(primary, 'SELECT pg_current_wal_flush_lsn()::text AS lsn')
  await until('the standby has replayed', async () => (await on(standby, `SELECT pg_last_wal_replay_lsn() >= '${row?.['lsn'] ?? ''}' AS yes`))[0]?.['yes'] === true)
}

async function on(cluster: Cluster, text: string): Promise<Record<string, string | boolean>[]> {
  const client = new Client({ connectionString: cluster.url() })
  await client.connect()
  try {
    return (await client.query<Record<string, string | boolean>>(text)).rows
  } finally {
    await client.end()
  }
}

/** The files of a server as they are, as a snapshot of its disk; yields what puts them back, after a crash. The server is stopped for it. */
export async function snapshotOf(cluster: Cluster): Promise<() => Promise<void>> {
  const { dataDirectory } = cluster
  if (dataDirectory === null) throw new Error('the files of this server are not on this machine')
  const copy = join(dirname(dataDirectory), 'snapshot')
  await cluster.stop('fast')
  await run('cp', ['-a', dataDirectory, copy])
  await cluster.start()
  return async () => {
    await cluster.crash()
    await rm(dataDirectory, { recursive: true })
    await run('cp', ['-a', copy, dataDirectory])
    await cluster.start()
  }
}
