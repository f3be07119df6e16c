import { access, chmod, constants, lstat, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sandboxError, systemCode } from './sandbox-error.js'
import { runTool } from './run-tool.js'
import type { RunAs } from './unprivileged-user.js'

/**
 * The folder beneath which all clusters of this user live, made if missing; one that belongs to somebody else, or that
 * others may write to, is refused, because programs are run from it. The server's user must be able to enter it.
 */
export async function ensureBaseDirectory(wanted: string | undefined, runAs: RunAs | null): Promise<string> {
  const path = wanted ?? join(await temporaryFolder(runAs), `org-mover-sandbox-${process.getuid?.() ?? 'user'}`)
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK)
  } catch (error) {
    throw sandboxError(`the folder ${path} for throw-away clusters cannot be used (${systemCode(error) ?? 'unknown cause'})`, 'name another base folder', error)
  }
  const stat = await lstat(path)
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) {
    throw sandboxError(`the folder ${path} belongs to somebody else, or others may write to it`, 'remove it, or name another base folder')
  }
  // whatever the umask; a folder that somebody named stays as it is
  if (wanted === undefined) await chmod(path, 0o755)
  if (!(await canEnter(path, runAs))) throw sandboxError(`the folder ${path} cannot be entered by the unprivileged user that runs PostgreSQL`, 'name a base folder whose parents all users may enter')
  return realpath(path)
}

/** The temporary folder of root may be closed to the user that runs the server; /tmp is not. */
async function temporaryFolder(runAs: RunAs | null): Promise<string> {
  const preferred = tmpdir()
  return (await canEnter(preferred, runAs)) ? preferred : '/tmp'
}

async function canEnter(folder: string, runAs: RunAs | null): Promise<boolean> {
  if (runAs === null) return true
  return (await runTool('/bin/sh', ['-c', 'cd "$0"', folder], { runAs })).exitCode === 0
}
