import { CodecError } from '../codec.js'

const FIRST = 0x80

/** ISO/IEC 7816-4: one byte 0x80, then zeros to the end of the block. */
export function padBlocks(plaintext: Buffer, block: number): Buffer {
  const padded = Buffer.alloc(plaintext.length + block - (plaintext.length % block))
  plaintext.copy(padded)
  padded[plaintext.length] = FIRST
  return padded
}

export function unpadBlocks(padded: Buffer, block: number): Buffer {
  let end = padded.length - 1
  while (end > 0 && padded.length - end < block && padded[end] === 0) end -= 1
  if (padded[end] !== FIRST) throw new CodecError('layout', 'the value was opened and is not padded as declared')
  return padded.subarray(0, end)
}
