import { readFile, stat, writeFile } from 'node:fs/promises'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import { MoverError } from '../domain/errors.js'

/**
 * The transport key of a move: the source side encapsulates a fresh secret to the target's pinned public key, and both sides export the same two keys
 * from it. HPKE, RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, with its secret export (section 5.3).
 */
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

const KEY_BYTES = 32
const VALUES = Buffer.from('org-mover values')
const DIGESTS = Buffer.from('org-mover digests')

export interface TransportKeys {
  /** AES-256-GCM, for values. */
  readonly values: Buffer
  /** HMAC-SHA256, by which both sides' plaintexts are compared. */
  readonly digests: Buffer
}

/** Makes a key pair; the private one goes into a new file that only its owner may read. Yields the public one, to be pinned. Throws OM1001 where the file exists. */
export async function generateTransportKey(file: string): Promise<string> {
  const pair = await suite.kem.generateKeyPair()
  const secret = Buffer.from(await suite.kem.serializePrivateKey(pair.privateKey))
  await writeFile(file, `${secret.toString('base64')}\n`, { mode: 0o600, flag: 'wx' }).catch(() => {
    throw wrongFile(file, 'it exists already, or its folder cannot be written to')
  })
  return Buffer.from(await suite.kem.serializePublicKey(pair.publicKey)).toString('base64')
}

/** On the side of the source: keys for one move, and what the target needs to find the same. */
export async function sealTo(publicKey: string, moveId: string): Promise<{ readonly encapsulated: string; readonly keys: TransportKeys }> {
  const context = await suite.createSenderContext({ recipientPublicKey: await suite.kem.deserializePublicKey(Buffer.from(publicKey, 'base64')), info: infoOf(moveId) })
  return { encapsulated: Buffer.from(context.enc).toString('base64'), keys: await exported(context) }
}

/** On the side of the target: the same keys. Throws OM1001 without a byte of the private key where the file is not one. */
export async function openFrom(file: string, encapsulated: string, moveId: string): Promise<TransportKeys> {
  const recipientKey = await readPrivateKey(file)
  try {
    return await exported(await suite.createRecipientContext({ recipientKey, enc: Buffer.from(encapsulated, 'base64'), info: infoOf(moveId) }))
  } catch {
    throw wrongFile(file, 'it does not fit what the source has sealed')
  }
}

async function exported(context: { export: (label: Buffer, bytes: number) => Promise<ArrayBuffer> }): Promise<TransportKeys> {
  return { values: Buffer.from(await context.export(VALUES, KEY_BYTES)), digests: Buffer.from(await context.export(DIGESTS, KEY_BYTES)) }
}

async function readPrivateKey(file: string): ReturnType<typeof suite.kem.deserializePrivateKey> {
  const found = await stat(file).catch(() => null)
  if (found === null) throw wrongFile(file, 'it does not exist or cannot be read')
  if ((found.mode & 0o077) !== 0) throw wrongFile(file, 'others than its owner may read it')
  try {
    return await suite.kem.deserializePrivateKey(Buffer.from((await readFile(file, 'utf8')).trim(), 'base64'))
  } catch {
    throw wrongFile(file, 'it is not a private key of `org-mover secrets keygen`')
  }
}

function infoOf(moveId: string): Buffer {
  return Buffer.from(`org-mover move ${moveId}`)
}

function wrongFile(file: string, why: string): MoverError {
  return new MoverError({ code: 'OM1001', message: `transport key ${file}: ${why}; nothing was changed`, hint: 'name the private key of the target with --private-key', retry: 'after-fix' })
}
