import { execFile } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Cluster } from '../../src/sandbox/cluster.js'

const run = promisify(execFile)
const PIECE = 4096

/** A disk of a few megabytes that a server keeps a tablespace on, and that a test fills to its last byte. */
export interface SmallDisk extends AsyncDisposable {
  /** A folder that belongs to the server's user, for CREATE TABLESPACE. */
  readonly tablespace: string
  /** Leaves no byte free. At once: a mover within this process does not come further meanwhile. */
  fill(): void
  makeRoom(): Promise<void>
}

/** Mounted in memory, which takes root; where that is not allowed, or the server's files are elsewhere, yields the reason. Dispose it once the server is gone. */
export async function smallDisk(cluster: Cluster, megabytes: number): Promise<SmallDisk | string> {
  if (cluster.dataDirectory === null) return 'the server is in a container'
  const place = await mkdtemp(join(tmpdir(), 'org-mover-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'org-mover-test', place])
  } catch (error) {
    await rm(place, { recursive: true })
    return `a file system cannot be mounted here (${error instanceof Error ? error.message.trim() : String(error)})`
  }
  const tablespace = join(place, 'tablespace')
  const { uid, gid } = await stat(cluster.dataDirectory)
  await mkdir(tablespace)
  await chown(tablespace, uid, gid)
  const ballast = join(place, 'ballast')
  return {
    tablespace,
    fill() {
      const file = openSync(ballast, 'a')
      try {
        for (;;) writeSync(file, Buffer.alloc(PIECE))
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      } finally {
        closeSync(file)
      }
    },
    makeRoom: () => rm(ballast, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', [place])
      await rm(place, { recursive: true })
    },
  }
}
