import type { TestProject } from 'vitest/node'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { startTestCluster } from './test-cluster.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Connection strings (superuser, database postgres) of the run's two servers. */
    readonly clusterUrls: { readonly a: string; readonly b: string }
  }
}

interface Shared {
  users: number
  clusters: Promise<readonly Cluster[]>
}

const KEY = Symbol.for('org-mover.test.clusters')

/**
 * Two servers for the whole run, `a` and `b`, each a system of its own as two cells are. Every vitest project calls this in the
 * same process, but with modules of its own, so that only the global object is common to them: the first starts the servers,
 * the last to end stops them.
 */
export async function setup(project: TestProject): Promise<void> {
  const shared = acquire()
  const [a, b] = await shared.clusters
  if (a === undefined || b === undefined) throw new Error('two clusters were to be started')
  project.provide('clusterUrls', { a: a.url(), b: b.url() })
}

export async function teardown(): Promise<void> {
  const shared = current()
  if (shared === null || --shared.users > 0) return
  Reflect.deleteProperty(globalThis, KEY)
  for (const cluster of await shared.clusters) await cluster[Symbol.asyncDispose]()
}

function acquire(): Shared {
  const shared = current() ?? { users: 0, clusters: startBoth() }
  shared.users++
  Object.assign(globalThis, { [KEY]: shared })
  return shared
}

function current(): Shared | null {
  const found: Shared | undefined = Reflect.get(globalThis, KEY)
  return found ?? null
}

async function startBoth(): Promise<readonly Cluster[]> {
  const started = await Promise.allSettled([startTestCluster({}, 'a'), startTestCluster({}, 'b')])
  const clusters = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed === undefined) return clusters
  for (const cluster of clusters) await cluster[Symbol.asyncDispose]()
  throw failed.reason
}
