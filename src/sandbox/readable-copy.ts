import { chmod, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hydrateSymlinks } from './hydrate-symlinks.js'
import { sandboxError, systemCode } from './sandbox-error.js'

/**
 * A copy of `native` that everybody may read and run, made once; `destination` appears whole or not at all, whoever else
 * is making it at the same time.
 */
export async function readableCopy(native: string, destination: string): Promise<string> {
  const folder = join(destination, 'native')
  const wanted = await countFiles(native)
  if ((await countFiles(folder)) === wanted) return folder
  const draft = await mkdtemp(`${destination}.draft-`)
  try {
    await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
    await hydrateSymlinks(join(draft, 'native'))
    await makeReadable(draft)
    // what stands there now has lost files to a cleaner of temporary folders
    await rename(destination, `${draft}.broken`).catch(() => undefined)
    await rename(draft, destination)
    await rm(`${draft}.broken`, { recursive: true, force: true })
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    // another process was faster
    if ((await countFiles(folder)) === wanted) return folder
    throw sandboxError(`the embedded PostgreSQL could not be copied to ${destination} (${systemCode(error) ?? 'unknown cause'})`, 'make room in the temporary folder, or name another base folder', error)
  }
  return folder
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
