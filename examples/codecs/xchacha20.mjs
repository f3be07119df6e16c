// XChaCha20-Poly1305 behind a marker byte, in a bytea: 0xa1, nonce of 24 bytes, ciphertext with its tag. The marker is authenticated, too.
// Needs `npm install @noble/ciphers` beside the configuration. Keys: 32 bytes in base64.
import { randomBytes } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'

const MARKER = 0xa1
const HEAD = Buffer.of(MARKER)
const NONCE = 24
const TAG = 16

function failure(reason) {
  return Object.assign(new Error(reason), { reason })
}

function keyOf(version) {
  const key = Buffer.from(version, 'base64')
  if (key.length !== 32) throw failure('key')
  return key
}

/** The current version first. */
function idsOf({ current, versions }) {
  return [current, ...Object.keys(versions).filter((id) => id !== current)]
}

function open(key, nonce, sealed) {
  try {
    return xchacha20poly1305(key, nonce, HEAD).decrypt(sealed)
  } catch {
    return null
  }
}

export default {
  name: 'xchacha20',

  problems(options, key) {
    const unknown = Object.keys(options).map((name) => `unknown option ${name}`)
    const short = Object.entries(key.versions).filter(([, version]) => typeof version !== 'string' || Buffer.from(version, 'base64').length !== 32)
    return [...unknown, ...short.map(([id]) => `key version ${id} is not 32 bytes in base64`)]
  },

  decrypt(stored, { key }) {
    if (!Buffer.isBuffer(stored) || stored[0] !== MARKER) return null
    if (stored.length < 1 + NONCE + TAG) throw failure('layout')
    for (const keyId of idsOf(key)) {
      const plaintext = open(keyOf(key.versions[keyId]), stored.subarray(1, 1 + NONCE), stored.subarray(1 + NONCE))
      if (plaintext !== null) return { plaintext, keyId }
    }
    throw failure('authentication')
  },

  encrypt(plaintext, { key }) {
    const nonce = randomBytes(NONCE)
    return Buffer.concat([HEAD, nonce, xchacha20poly1305(keyOf(key.versions[key.current]), nonce, HEAD).encrypt(plaintext)])
  },
}
