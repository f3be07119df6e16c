import { setTimeout as sleep } from 'node:timers/promises'

/** Waits before more bytes may pass. */
export type Pace = (bytes: number, signal?: AbortSignal) => Promise<void>

/**
 * A limit on bytes per second over all streams that share it: each taker reserves its share of time behind those before it,
 * so that the sum never exceeds the rate for longer than one buffer. Null: no limit.
 */
export function byteRate(bytesPerSecond: number | null, now: () => number = () => performance.now()): Pace | null {
  if (bytesPerSecond === null) return null
  let freeAtMs = 0
  return async (bytes, signal) => {
    const startMs = Math.max(now(), freeAtMs)
    freeAtMs = startMs + (bytes / bytesPerSecond) * 1000
    const waitMs = startMs - now()
    if (waitMs > 0) await sleep(waitMs, undefined, signal === undefined ? {} : { signal })
  }
}
