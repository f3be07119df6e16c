import type { ClusterOptions } from '../../src/sandbox/cluster.js'
import { startCluster } from '../../src/sandbox/start-cluster.js'

/**
 * A program of its own that starts a cluster and says where it is, as one line of JSON. Its argument is the options as JSON;
 * with a second argument `keep` it leaves the cluster behind and ends, else it waits to be killed.
 */
const options: ClusterOptions = JSON.parse(process.argv[2] ?? '{}')
const cluster = await startCluster(options)
if (process.argv[3] === 'keep') await cluster.keep()
else setInterval(() => undefined, 60_000)
process.stdout.write(`${JSON.stringify({ url: cluster.url(), dataDirectory: cluster.dataDirectory, pid: cluster.pid })}\n`)
