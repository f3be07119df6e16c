import type { Cluster, ClusterOptions } from '../../src/sandbox/cluster.js'
import { startCluster } from '../../src/sandbox/start-cluster.js'

/**
 * A server for one test alone, of the kind that the environment asks for: `ORG_MOVER_TEST_PG` (embedded, system or docker),
 * `ORG_MOVER_TEST_PG_VERSION` (a major version; of the run's servers also each its own, `…_VERSION_A` and `…_VERSION_B`), `ORG_MOVER_TEST_PG_IMAGE` (docker). It takes about half a second. Only for
 * tests that stop or kill the server, or need settings of their own; all others use `freshDatabase`.
 */
export async function startTestCluster(options: Pick<ClusterOptions, 'settings'> = {}, name: 'a' | 'b' | null = null): Promise<Cluster> {
  const provider = providerFromEnvironment()
  if (provider === 'docker') {
    // loaded only here: the library takes half a second, and the other kinds must work without it
    const { startDockerCluster } = await import('./docker/docker-cluster.js')
    return startDockerCluster({ ...options, image: process.env['ORG_MOVER_TEST_PG_IMAGE'] ?? 'postgres:17' })
  }
  return startCluster({ ...options, ...localClusterOptions(name) })
}

/** For tests of the supervisor itself, which has nothing to do with containers: there the embedded kind. */
export function localClusterOptions(name: 'a' | 'b' | null = null): Pick<ClusterOptions, 'provider' | 'version'> {
  const provider = providerFromEnvironment()
  const own = name === null ? undefined : process.env[`ORG_MOVER_TEST_PG_VERSION_${name.toUpperCase()}`]
  const version = own ?? process.env['ORG_MOVER_TEST_PG_VERSION'] ?? ''
  return { provider: provider === 'docker' ? 'embedded' : provider, ...(version === '' ? {} : { version: Number(version) }) }
}

function providerFromEnvironment(): 'embedded' | 'system' | 'docker' {
  const name = process.env['ORG_MOVER_TEST_PG'] ?? ''
  if (name === '' || name === 'embedded') return 'embedded'
  if (name === 'system' || name === 'docker') return name
  throw new Error(`ORG_MOVER_TEST_PG is ${name}; it can be embedded, system or docker`)
}
