import { randomBytes } from 'node:crypto'
import { appendFile, chown, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureBaseDirectory } from './base-directory.js'
import { findBinaries } from './binaries.js'
import type { Binaries } from './binaries.js'
import { createClusterDirectory, removeDirectory } from './cluster-directory.js'
import type { ClusterOptions } from './cluster.js'
import { LocalCluster } from './local-cluster.js'
import { runTool } from './run-tool.js'
import { sandboxError } from './sandbox-error.js'
import { SANDBOX_SETTINGS, SANDBOX_USER, settingsFile } from './sandbox-settings.js'
import { sweepOrphans } from './sweep.js'
import { unprivilegedUser } from './unprivileged-user.js'
import type { RunAs } from './unprivileged-user.js'
import { startWatchdog } from './watchdog.js'

const PASSWORD_BYTES = 16

/**
 * Starts a new PostgreSQL server in about half a second and resolves once it accepts connections. First it removes what dead
 * runs of the same user left behind. As root the server runs as an unprivileged user. Starting several at once is fine.
 *
 * Errors: OM9002; its hint says what to install or change.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  if (process.platform === 'win32') throw sandboxError('throw-away clusters need Linux or macOS', 'run the command under WSL')
  const runAs = await unprivilegedUser()
  const base = await ensureBaseDirectory(options.baseDirectory, runAs)
  await sweepOrphans(base)
  const binaries = await findBinaries({ provider: options.provider ?? 'embedded', version: options.version ?? null, runAs, cacheDirectory: base })
  const directory = await createClusterDirectory(base, runAs)
  const watchdog = startWatchdog(directory)
  const password = randomBytes(PASSWORD_BYTES).toString('hex')
  try {
    await initialise({ directory, binaries, runAs, password, settings: { ...SANDBOX_SETTINGS, ...options.settings } })
    return await LocalCluster.open({ directory, binaries, runAs, password, watchdog })
  } catch (error) {
    watchdog.dismiss()
    await removeDirectory(directory).catch(() => undefined)
    throw error
  }
}

interface Initialise {
  readonly directory: string
  readonly binaries: Binaries
  readonly runAs: RunAs | null
  readonly password: string
  readonly settings: Readonly<Record<string, string>>
}

/** Every cluster has an initdb of its own (0.4 s): a copied data directory would copy the system identifier too. */
async function initialise({ directory, binaries, runAs, password, settings }: Initialise): Promise<void> {
  const data = join(directory, 'data')
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (runAs !== null) await chown(passwordFile, runAs.uid, runAs.gid)
  const args = ['-D', data, '-U', SANDBOX_USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  const result = await runTool(binaries.initdb, args, { runAs, cwd: directory })
  await rm(passwordFile)
  if (result.exitCode !== 0) throw sandboxError(`initdb failed: ${result.output.slice(-1_000)}`, 'make room in the temporary folder, or name another base folder')
  await appendFile(join(data, 'postgresql.conf'), settingsFile(settings))
}
