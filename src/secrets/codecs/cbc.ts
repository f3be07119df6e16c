import { createCipheriv, createDecipheriv } from 'node:crypto'

const ALGORITHM = 'aes-256-cbc'

export function sealCbc(key: Buffer, iv: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, iv)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

/** Null where the padding is not that of the key, which 1 of 256 wrong keys passes: CBC proves nothing by itself. */
export function openCbc(key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer | null {
  const decipher = createDecipheriv(ALGORITHM, key, iv)
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    return null
  }
}
