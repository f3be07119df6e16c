import { setTimeout as delay } from 'node:timers/promises'
import { childrenOf } from './child-processes.js'
import { identityOf, isAlive } from './process-identity.js'
import type { ProcessIdentity } from './process-identity.js'

const POLL_MS = 5

/**
 * SIGKILL to a postmaster and to every child it has; resolves when all are gone. The children come first stopped, because one
 * that sees its postmaster die would still have time to write.
 */
export async function killServer(postmasterPid: number): Promise<void> {
  const postmaster = await identityOf(postmasterPid)
  if (postmaster === null) return
  // a stopped postmaster forks no more, so that the list of its children is complete
  signal(postmasterPid, 'SIGSTOP')
  const children = await childrenOf(postmasterPid)
  for (const pid of children) signal(pid, 'SIGSTOP')
  const doomed = [postmaster, ...(await Promise.all(children.map(identityOf)))].filter((p): p is ProcessIdentity => p !== null)
  for (const { pid } of doomed) signal(pid, 'SIGKILL')
  for (const identity of doomed) while (await isAlive(identity)) await delay(POLL_MS)
}

/** Signal 0 only asks. False if there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
