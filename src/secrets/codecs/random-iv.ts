import { randomFillSync } from 'node:crypto'

const pool = Buffer.allocUnsafe(64 * 1024)
let used = pool.length

/** Random bytes, each given out once. Asking the system for a few at a time cost as much as the encryption itself. */
export function randomIv(length: number): Buffer {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += length
  return Buffer.from(pool.subarray(used - length, used))
}
