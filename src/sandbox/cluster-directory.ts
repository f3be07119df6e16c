import { chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunAs } from './unprivileged-user.js'
import { identityOf } from './process-identity.js'
import type { ProcessIdentity } from './process-identity.js'
import { sandboxError } from './sandbox-error.js'

/** Folders of this prefix are complete, with an owner; all others are drafts. */
export const CLUSTER_PREFIX = 'cluster-'
export const DRAFT_PREFIX = 'draft-'

/**
 * Makes the folder of one cluster, `data` in it belonging to the server's user. It gets its final name only together with its
 * owner, so that a sweep by another run never sees it without one.
 */
export async function createClusterDirectory(base: string, runAs: RunAs | null): Promise<string> {
  const draft = await mkdtemp(join(base, DRAFT_PREFIX))
  await mkdir(join(draft, 'data'), { mode: 0o700 })
  if (runAs !== null) {
    await chown(draft, runAs.uid, runAs.gid)
    await chown(join(draft, 'data'), runAs.uid, runAs.gid)
  }
  await recordOwner(draft, process.pid)
  const directory = join(base, CLUSTER_PREFIX + draft.slice(-6))
  await rename(draft, directory)
  return directory
}

/** From now on the cluster lives as long as that process. */
export async function recordOwner(directory: string, pid: number): Promise<void> {
  const owner = await identityOf(pid)
  if (owner === null) throw sandboxError(`process ${pid} is gone before its cluster was made`, 'run the command again')
  const file = join(directory, 'owner.json')
  await writeFile(`${file}.new`, JSON.stringify(owner))
  await rename(`${file}.new`, file)
}

/** Null where the record is missing or unreadable. */
export async function ownerOf(directory: string): Promise<ProcessIdentity | null> {
  try {
    const owner: unknown = JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'))
    return isIdentity(owner) ? owner : null
  } catch {
    return null
  }
}

/** Removes all of it, also while another run does the same. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number' && 'startedAt' in value && typeof value.startedAt === 'string' && 'pidNamespace' in value && typeof value.pidNamespace === 'string'
}
