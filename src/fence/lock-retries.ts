import { setTimeout as sleep } from 'node:timers/promises'
import { MoverError } from '../domain/errors.js'

const ATTEMPTS = 10
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000

export interface LockRetryOptions {
  /** What the lock is for, in messages. */
  readonly what: string
  readonly onWaiting: (reason: string | null) => void
  readonly signal: AbortSignal
}

/** A lock that could not be had, within lock_timeout or at once. */
export function isLockMissed(error: unknown): boolean {
  return error instanceof MoverError && error.code === 'OM3003'
}

/**
 * Runs `work` again, after a growing pause in which the queue behind the lock drains, while it fails for want of a lock.
 * Throws the last OM3003 when the attempts are spent.
 */
export async function withLockRetries<T>(options: LockRetryOptions, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await work()
      if (attempt > 1) options.onWaiting(null)
      return result
    } catch (error) {
      if (!isLockMissed(error) || attempt === ATTEMPTS) throw error
      options.onWaiting(`lock on ${options.what} not granted, attempt ${attempt} of ${ATTEMPTS}`)
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: options.signal })
    }
  }
}
