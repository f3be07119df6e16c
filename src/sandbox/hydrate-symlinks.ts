import { readFile, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemCode } from './sandbox-error.js'

interface Link {
  /** Both beneath the package's folder, as in `native/lib/libpq.so.5.17`. */
  readonly source: string
  readonly target: string
}

/**
 * npm packages cannot hold symbolic links: the package lists them, and its install script, where npm lets it run, makes them.
 * This makes those that are missing. False if the folder cannot be written to. Safe to run twice at once.
 */
export async function hydrateSymlinks(native: string): Promise<boolean> {
  const links: readonly Link[] = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'))
  for (const link of links) {
    try {
      await symlink(basename(link.source), join(dirname(native), link.target))
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') return false
    }
  }
  return true
}
