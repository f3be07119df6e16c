/** Yields the key that a reference names. Throws KeySourceError; the text of any other error goes nowhere. */
export type KeySource = (reference: string) => Promise<string>

/** Why a key could not be had, in words without a byte of one. */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError'
}
