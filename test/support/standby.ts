import { execFile } from 'node:child_process'
import { appendFile, chown, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { findBinaries } from '../../src/sandbox/binaries.js'
import { createClusterDirectory } from '../../src/sandbox/cluster-directory.js'
import { LocalCluster } from '../../src/sandbox/local-cluster.js'
import { unprivilegedUser } from '../../src/sandbox/unprivileged-user.js'
import { startWatchdog } from '../../src/sandbox/watchdog.js'
import { localClusterOptions } from './test-cluster.js'

const run = promisify(execFile)

/**
 * A streaming standby of a server on this machine, from a copy of its files, for which the server is stopped and started again. Disposing it ends the
 * standby alone.
 */
export async function startStandby(primary: Cluster): Promise<LocalCluster> {
  const { dataDirectory } = primary
  if (dataDirectory === null) throw new Error('the files of this server are not on this machine')
  const { provider = 'embedded', version } = localClusterOptions()
  const runAs = await unprivilegedUser()
  const base = dirname(dirname(dataDirectory))
  const binaries = await findBinaries({ provider, version: version ?? null, runAs, cacheDirectory: base })
  const directory = await createClusterDirectory(base, runAs)
  const watchdog = startWatchdog(directory)
  const data = join(directory, 'data')
  await primary.stop('fast')
  await run('cp', ['-a', `${dataDirectory}/.`, data])
  await primary.start()
  const { username, password, hostname, port } = new URL(primary.url())
  await appendFile(join(data, 'postgresql.conf'), `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'\nhot_standby_feedback = on\nwal_receiver_status_interval = 1\n`)
  const signal = join(data, 'standby.signal')
  await writeFile(signal, '')
  if (runAs !== null) await chown(signal, runAs.uid, runAs.gid)
  return LocalCluster.open({ directory, binaries, runAs, password, watchdog })
}
