import { chmod, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hydrateSymlinks } from './hydrate-symlinks.js'
import { sandboxError, systemCode } from './sandbox-error.js'

/**
 * Makes `destination` a copy of `native` that everybody may read and run, if it is not one yet. It appears whole or not at all,
 * whoever else makes it at the same time. One that has lost files to a cleaner of temporary folders is made anew.
 */
export async function makeReadableCopy(native: string, destination: string): Promise<void> {
  const isComplete = async () => (await countFiles(destination)) === (await countFiles(native))
  if (await isComplete()) return
  const draft = await mkdtemp(`${destination}.draft-`)
  const copy = join(draft, 'native')
  try {
    await cp(native, copy, { recursive: true, verbatimSymlinks: true })
    await hydrateSymlinks(copy)
    await makeReadable(copy)
    // fails where something is there already: never replace what another run made meanwhile and uses
    const isFirst = await rename(copy, destination).then(() => true, () => false)
    if (isFirst || (await isComplete())) return
    await rename(destination, join(draft, 'broken'))
    await rename(copy, destination)
  } catch (error) {
    throw sandboxError(`the embedded PostgreSQL could not be copied to ${destination} (${systemCode(error) ?? 'unknown cause'})`, 'make room in the temporary folder, or name another base folder', error)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function makeReadable(path: string): Promise<void> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) return
  if (stat.isDirectory()) {
    await chmod(path, 0o755)
    for (const name of await readdir(path)) await makeReadable(join(path, name))
    return
  }
  await chmod(path, (stat.mode & 0o100) === 0 ? 0o644 : 0o755)
}

/** Links aside, which one side may still lack; 0 where there is no folder. */
async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).length
}
