import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sandboxError } from './sandbox-error.js'

const run = promisify(execFile)

/** Whom the server runs as, in the shape that `spawn` and `chown` take. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root: for root this yields `postgres` or else `nobody`, for everybody else null (oneself).
 * It never creates a user.
 */
export async function unprivilegedUser(): Promise<RunAs | null> {
  if (process.getuid?.() !== 0) return null
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)])
    if (uid !== null && gid !== null && uid > 0) return { uid, gid }
  }
  throw sandboxError('PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody', 'run the command as an ordinary user')
}

async function idOf(option: '-u' | '-g', name: string): Promise<number | null> {
  return run('id', [option, name]).then((r) => Number(r.stdout.trim()), () => null)
}
