import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 10

/** Waits for a state, never for a time: reads until `read` yields something, and fails by name after the deadline. */
export async function until<T>(what: string, read: () => Promise<T | null | undefined | false>, { deadlineMs = 30_000 }: { readonly deadlineMs?: number } = {}): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const found = await read()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await sleep(POLL_MS)
  }
}
