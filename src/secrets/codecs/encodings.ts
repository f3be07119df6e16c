/**
 * Bytes of base64 text, with padding or without; null where the text is none. Node skips characters that do not belong to the alphabet:
 * bytes are then missing, which a comparison of lengths shows without looking at each character again.
 */
export function decodeBase64(text: string, alphabet: 'base64' | 'base64url' = 'base64'): Buffer | null {
  let end = text.length
  while (end > 0 && text.length - end < 2 && text.charCodeAt(end - 1) === PADDING) end -= 1
  if (end % 4 === 1 || (end < text.length && text.length % 4 !== 0)) return null
  // Node reads either alphabet as the other
  if (alphabet === 'base64' ? text.includes('-') || text.includes('_') : text.includes('+') || text.includes('/')) return null
  const bytes = Buffer.from(text, alphabet)
  return bytes.length === Math.floor((end * 3) / 4) ? bytes : null
}

const PADDING = 0x3d

/** Bytes of hexadecimal text; null where the text is none. */
export function decodeHex(text: string): Buffer | null {
  if (text.length % 2 !== 0) return null
  const bytes = Buffer.from(text, 'hex')
  return bytes.length === text.length / 2 ? bytes : null
}

/** Base64 as Ruby's `pack('m')` writes it: lines of 60 characters, each ended. */
export function encodeBase64Lines(bytes: Buffer): string {
  const text = bytes.toString('base64')
  let lines = ''
  for (let start = 0; start < text.length; start += 60) lines += `${text.slice(start, start + 60)}\n`
  return lines
}

/** What a codec of text forms sees of a column: a bytea may hold text, too. */
export function textOf(stored: Buffer | string): string {
  return typeof stored === 'string' ? stored : stored.toString('latin1')
}
