import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what Linux and macOS give to outgoing connections, so that a stopped cluster's port is still free at its restart. */
const FIRST = 20_000
const LAST = 32_000
const TRIES = 200

/** A port of 127.0.0.1 that nobody listens on now. Another process may still be faster: whoever uses it must cope. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried++) {
    const port = randomInt(FIRST, LAST)
    if (await isFree(port)) return port
  }
  return 0
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
