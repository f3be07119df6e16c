import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandLineOf } from './process-identity.js'

export interface PostmasterFile {
  readonly pid: number
  readonly isReady: boolean
}

/** What PostgreSQL writes into its data directory: line 1 the pid, line 8 the state. Null where there is none (yet). */
export async function readPostmasterFile(dataDirectory: string): Promise<PostmasterFile | null> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 1 ? { pid, isReady: lines[7]?.trim() === 'ready' } : null
}

/** The pid of the postmaster that runs on that data directory now; the file alone proves nothing, its pid may be another's by now. */
export async function runningPostmaster(dataDirectory: string): Promise<number | null> {
  const file = await readPostmasterFile(dataDirectory)
  if (file === null) return null
  return (await commandLineOf(file.pid)).includes(dataDirectory) ? file.pid : null
}
