import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Codec } from './codec.js'
import { CodecError } from './codec.js'

export async function loadCodecs(_files: readonly string[]): Promise<ReadonlyMap<string, Codec>> {
  const gcm: Codec = {
    name: 'aes-256-gcm',
    decrypt(stored, { key }) {
      const raw = Buffer.isBuffer(stored) ? stored : Buffer.from(stored, 'base64')
      if (raw.length < 28) return null
      for (const [id, value] of key.versions) {
        try {
          const d = createDecipheriv('aes-256-gcm', Buffer.from(String(value), 'base64'), raw.subarray(0, 12))
          d.setAuthTag(raw.subarray(-16))
          return { plaintext: Buffer.concat([d.update(raw.subarray(12, -16)), d.final()]), keyId: id }
        } catch {}
      }
      throw new CodecError('authentication', 'no version opens it')
    },
    encrypt(plaintext, { key, options }) {
      const iv = randomBytes(12)
      const c = createCipheriv('aes-256-gcm', Buffer.from(String(key.versions.get(key.current)), 'base64'), iv)
      const out = Buffer.concat([iv, c.update(plaintext), c.final(), c.getAuthTag()])
      return options['encoding'] === 'base64' ? out.toString('base64') : out
    },
  }
  const plain: Codec = { name: 'plaintext', decrypt: (stored) => ({ plaintext: Buffer.from(stored) }), encrypt: (p) => p.toString() }
  return new Map([[gcm.name, gcm], [plain.name, plain]])
}
