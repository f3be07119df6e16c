import { randomBytes } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import { z } from 'zod'
import { CodecError } from '../codec.js'
import type { Codec, CodecContext, Decrypted, StoredValue } from '../codec.js'
import { codecOptions } from './codec-options.js'
import { textOf } from './encodings.js'
import { deterministicIv, openGcm, sealGcm } from './gcm.js'
import { keyProblems } from './key-versions.js'
import { parseRailsMessage, writeRailsMessage } from './rails-envelope.js'
import type { RailsMessage } from './rails-envelope.js'
import { PASSWORDS, railsKeyProblem, railsKeys } from './rails-keys.js'
import type { Password, RailsKey } from './rails-keys.js'
import { formOf, inFormOf, member } from './stored-form.js'

const NONCE = 12
const DATA_KEY_BYTES = 32
/** Rails compresses what is longer. */
const LONGEST_UNCOMPRESSED = 140
const LARGEST_INFLATED = 1 << 29

/** What is kept of a value so that the target's is of the same form. */
interface RailsForm {
  readonly password: Password
  readonly deterministic: boolean
  readonly compressed: boolean
  readonly encoding: string | null
  readonly reference: boolean
  readonly envelope: boolean
}

const options = codecOptions(z.strictObject({ deterministic: z.boolean().default(false), compress: z.boolean().default(true), key_references: z.boolean().default(false) }), (read) => read)

/**
 * Active Record Encryption of Rails 7 and later. What it yields as plaintext of a compressed value are the compressed bytes: no two versions of
 * zlib compress alike, and a deterministic value that is compressed anew would no longer be found by the application's queries.
 */
export const activeRecord: Codec = {
  name: 'active-record',
  problems: (given, key) => [...options.problems(given), ...keyProblems(key, railsKeyProblem)],

  decrypt(stored, context): Decrypted | null {
    const message = parseRailsMessage(textOf(stored))
    if (message === 'not-ours') return null
    if (message === 'malformed') throw new CodecError('layout', 'the value is an envelope of Active Record Encryption with parts or headers that Rails does not write')
    const opened = open(message, context)
    if (message.isCompressed) assertInflates(opened.plaintext)
    const form: RailsForm = {
      password: opened.password,
      deterministic: message.dataKey === null && message.iv.equals(deterministicIv(opened.secret, opened.plaintext, NONCE)),
      compressed: message.isCompressed,
      encoding: message.encoding,
      reference: message.keyReference !== null,
      envelope: message.dataKey !== null,
    }
    return { plaintext: opened.plaintext, keyId: opened.keyId, meta: { ...formOf(stored), ...form } }
  },

  encrypt(plaintext, context): StoredValue {
    const { form, payload } = member(context.meta, 'password') === undefined ? newForm(plaintext, context) : { form: context.meta as RailsForm, payload: plaintext }
    const current = railsKeys(context.key, form.password).current.key
    if (current === null) throw new CodecError('key', `the current version of the key has no ${form.password}`)
    const secret = form.envelope ? randomBytes(DATA_KEY_BYTES) : current.secret
    const sealed = sealGcm(secret, form.deterministic ? deterministicIv(secret, payload, NONCE) : randomBytes(NONCE), payload)
    const dataKey = form.envelope ? { ...sealGcm(current.secret, randomBytes(NONCE), secret), isCompressed: false, encoding: BINARY, keyReference: null, dataKey: null } : null
    const message: RailsMessage = { ...sealed, isCompressed: form.compressed, encoding: form.encoding, keyReference: form.reference ? current.reference : null, dataKey }
    return inFormOf(context.meta, writeRailsMessage(message))
  },
}

/** Ruby's name for bytes, which Rails notes beside a data key. */
const BINARY = 'ASCII-8BIT'

interface Opened {
  readonly plaintext: Buffer
  readonly keyId: string
  readonly password: Password
  readonly secret: Buffer
}

function open(message: RailsMessage, context: CodecContext): Opened {
  let hasCandidates = false
  for (const password of options.read(context.options).deterministic ? PASSWORDS.toReversed() : PASSWORDS) {
    for (const { id, key } of railsKeys(context.key, password).all) {
      if (key === null || (message.keyReference !== null && message.keyReference !== key.reference)) continue
      hasCandidates = true
      const opened = openWith(message, key)
      if (opened !== null) return { ...opened, keyId: id, password }
    }
  }
  if (!hasCandidates) throw new CodecError('unknown-key', 'the value names a key that is none of the versions in the keyring')
  throw new CodecError('authentication', 'no version of the key opens the value')
}

function openWith(message: RailsMessage, key: RailsKey): { readonly plaintext: Buffer; readonly secret: Buffer } | null {
  const secret = message.dataKey === null ? key.secret : openGcm(key.secret, message.dataKey)
  if (secret === null) return null
  if (secret.length !== DATA_KEY_BYTES) throw new CodecError('layout', 'the data key of the value is not 32 bytes long')
  const plaintext = openGcm(secret, message)
  return plaintext === null ? null : { plaintext, secret }
}

function assertInflates(compressed: Buffer): void {
  try {
    inflateSync(compressed, { maxOutputLength: LARGEST_INFLATED })
  } catch {
    throw new CodecError('layout', 'the value was opened, says that it is compressed, and is not')
  }
}

/** Of a value that was in the clear: as Rails would write it now. */
function newForm(plaintext: Buffer, context: CodecContext): { readonly form: RailsForm; readonly payload: Buffer } {
  const { deterministic, compress, key_references } = options.read(context.options)
  const compressed = compress && plaintext.length > LONGEST_UNCOMPRESSED
  if (compressed && deterministic) throw new CodecError('layout', 'a deterministic value of more than 140 bytes cannot be compressed exactly as the application does; encrypt it on the source')
  const form = { password: deterministic ? 'deterministic_key' : 'primary_key', deterministic, compressed, encoding: null, reference: key_references, envelope: false } as const
  return { form, payload: compressed ? deflateSync(plaintext) : plaintext }
}
