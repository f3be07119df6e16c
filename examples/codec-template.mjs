// A codec of your own: copy this file, fill it in, and name it under `secrets.codecs`. docs/secrets.md describes the interface.
//
// `ctx` holds: key {current, versions: {id: text or named parts}}, options, schema, table, column, primaryKey, siblings.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const MARK = 'enc:'

function keyOf(version) {
  const key = Buffer.from(version, 'base64')
  if (key.length !== 32) throw failure('key')
  return key
}

/** Why a value is refused: `layout`, `unknown-key`, `authentication` or `key`. The text of an error is never shown: it could quote the value. */
function failure(reason) {
  return Object.assign(new Error(reason), { reason })
}

export default {
  name: 'my-codec',

  /** What is wrong with the declaration, one sentence each. May be left out, as may `siblings: (column, options) => [...]`. */
  problems(options, key) {
    const unknown = Object.keys(options).map((name) => `unknown option ${name}`)
    const wrong = Object.entries(key.versions).filter(([, version]) => Buffer.from(version, 'base64').length !== 32)
    return [...unknown, ...wrong.map(([id]) => `key version ${id} is not 32 bytes in base64`)]
  },

  /** `stored` is text, or a Buffer where the column is a bytea. Null: the value is in the clear. */
  decrypt(stored, ctx) {
    if (typeof stored !== 'string' || !stored.startsWith(MARK)) return null
    const bytes = Buffer.from(stored.slice(MARK.length), 'base64')
    if (bytes.length < 28) throw failure('layout')
    for (const [keyId, version] of Object.entries(ctx.key.versions)) {
      const decipher = createDecipheriv('aes-256-gcm', keyOf(version), bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16))
      try {
        const plaintext = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
        return { plaintext, keyId, meta: null }
      } catch {
        // another version may open it
      }
    }
    throw failure('authentication')
  },

  /** Text, bytes, or {stored, siblings: {column: value}}. `ctx.meta` is what `decrypt` left of the source's value. */
  encrypt(plaintext, ctx) {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', keyOf(ctx.key.versions[ctx.key.current]), iv)
    return MARK + Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString('base64')
  },
}
