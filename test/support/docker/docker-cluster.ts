import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers'
import type { StartedTestContainer } from 'testcontainers'
import type { Cluster, StopMode } from '../../../src/sandbox/cluster.js'
import { freePort } from '../../../src/sandbox/free-port.js'
import { SANDBOX_SETTINGS } from '../../../src/sandbox/sandbox-settings.js'

export interface DockerClusterOptions {
  /** An image that behaves as Docker's official `postgres` does, or one of `build-image.sh`. */
  readonly image: string
  readonly settings?: Readonly<Record<string, string>>
}

const SERVER_PORT = 5432
const PASSWORD = 'sandbox'
const READY_TIMEOUT_MS = 60_000
const POLL_MS = 50
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', crash: 'SIGKILL' } as const

/** The same contract as `startCluster`, in a container; what a dead run leaves is removed by testcontainers' own reaper. */
export async function startDockerCluster(options: DockerClusterOptions): Promise<Cluster> {
  // the image's own entry point talks to its server through the socket in the usual place
  const { unix_socket_directories: _, ...defaults } = SANDBOX_SETTINGS
  const settings = { ...defaults, ...options.settings, listen_addresses: '*' }
  // a fixed port, because Docker would choose another one at every restart
  const port = await freePort()
  const container = await new GenericContainer(options.image)
    .withEnvironment({ POSTGRES_PASSWORD: PASSWORD })
    .withCommand(['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .withExposedPorts({ container: SERVER_PORT, host: port })
    .withWaitStrategy(Wait.forLogMessage('database system is ready to accept connections'))
    .start()
  const host = container.getHost()
  const url = (database = 'postgres') => `postgres://postgres:${PASSWORD}@${host}:${port}/${encodeURIComponent(database)}`
  return containerCluster(container, { host, port, url, majorVersion: await untilReady(url()) })
}

function containerCluster(container: StartedTestContainer, facts: Pick<Cluster, 'host' | 'port' | 'url' | 'majorVersion'>): Cluster {
  const end = async (how: StopMode | 'crash') => {
    const handle = await handleOf(container)
    if (!(await handle.inspect()).State.Running) return
    await handle.kill({ signal: SIGNALS[how] })
    await handle.wait()
  }
  const start = async () => {
    const handle = await handleOf(container)
    if (!(await handle.inspect()).State.Running) await handle.start()
    await untilReady(facts.url())
  }
  return {
    ...facts,
    dataDirectory: null,
    start,
    stop: end,
    crash: () => end('crash'),
    async restart(mode = 'fast') {
      await end(mode)
      await start()
    },
    async [Symbol.asyncDispose]() {
      // Docker's own stop would wait for the sessions to end
      await end('immediate')
      await container.stop({ remove: true, removeVolumes: true })
    },
  }
}

async function handleOf(container: StartedTestContainer) {
  const runtime = await getContainerRuntimeClient()
  return runtime.container.getById(container.getId())
}

/** Yields the major version. A server that only initialises itself does not listen on TCP yet. */
async function untilReady(url: string): Promise<number> {
  const deadline = Date.now() + READY_TIMEOUT_MS
  for (;;) {
    try {
      return await majorVersion(url)
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(POLL_MS)
    }
  }
}

async function majorVersion(url: string): Promise<number> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ major: number }>("SELECT current_setting('server_version_num')::int / 10000 AS major")
    return Number(rows[0]?.major)
  } finally {
    await client.end().catch(() => undefined)
  }
}
