import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const EMPTY = Buffer.alloc(0)

export interface Sealed {
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** AES-256-GCM under a key of 32 bytes. */
export function sealGcm(key: Buffer, iv: Buffer, plaintext: Buffer, options: { readonly tagLength?: number; readonly aad?: Buffer | null } = {}): Sealed {
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: options.tagLength ?? 16 })
  if (options.aad !== undefined && options.aad !== null) cipher.setAAD(options.aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { iv, ciphertext, tag: cipher.getAuthTag() }
}

/** Null where the key is another or anything was changed. */
export function openGcm(key: Buffer, { iv, ciphertext, tag }: Sealed, aad: Buffer | null = null): Buffer | null {
  const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: tag.length })
  if (aad !== null) decipher.setAAD(aad)
  decipher.setAuthTag(tag)
  const plaintext = ciphertext.length === 0 ? EMPTY : decipher.update(ciphertext)
  try {
    decipher.final()
  } catch {
    return null
  }
  return plaintext
}

/** An iv that depends on key and plaintext only, as Rails makes it: equal plaintexts yield equal ciphertexts. */
export function deterministicIv(key: Buffer, plaintext: Buffer, length: number): Buffer {
  return createHmac('sha256', key).update(plaintext).digest().subarray(0, length)
}
