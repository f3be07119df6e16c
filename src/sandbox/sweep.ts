import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CLUSTER_PREFIX, DRAFT_PREFIX, ownerOf, removeDirectory } from './cluster-directory.js'
import { runningPostmaster } from './postmaster-pid.js'
import { isAlive } from './process-identity.js'
import { killServer } from './kill-server.js'

/** A draft lives for milliseconds; one this old was left by a process that died within them. */
const DRAFT_AGE_MS = 3_600_000

/**
 * Ends and removes the clusters whose owner is dead; those of runs that are alive are left alone. Any number of runs may sweep
 * at once.
 */
export async function sweepOrphans(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const directory = join(base, name)
    if (name.startsWith(CLUSTER_PREFIX) && (await isOrphan(directory))) await removeOrphan(directory)
    if (name.startsWith(DRAFT_PREFIX) && (await ageMs(directory)) > DRAFT_AGE_MS) await removeDirectory(directory)
  }
}

async function isOrphan(directory: string): Promise<boolean> {
  const owner = await ownerOf(directory)
  // another run may be removing it at this moment, the record first: if it is not, it is older than any removal takes
  if (owner === null) return (await ageMs(directory)) > DRAFT_AGE_MS
  return !(await isAlive(owner))
}

async function removeOrphan(directory: string): Promise<void> {
  const pid = await runningPostmaster(join(directory, 'data'))
  if (pid !== null) await killServer(pid)
  await removeDirectory(directory)
}

async function ageMs(path: string): Promise<number> {
  return stat(path).then((s) => Date.now() - s.mtimeMs, () => 0)
}
