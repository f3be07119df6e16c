import { armor, createMessage, encrypt, enums, readMessage } from 'openpgp'
import { z } from 'zod'
import { CodecError } from '../codec.js'
import type { Codec, Decrypted, StoredValue } from '../codec.js'
import { codecOptions } from './codec-options.js'
import { keyProblems, keyVersions } from './key-versions.js'
import { isOpenPgp, readForm } from './pgp-form.js'
import type { PgpForm, PgpMessage } from './pgp-form.js'
import { formOf, isBytea, member } from './stored-form.js'

const CIPHERS = { aes128: enums.symmetric.aes128, aes192: enums.symmetric.aes192, aes256: enums.symmetric.aes256 } as const
type Cipher = keyof typeof CIPHERS

/** As pgp_sym_encrypt without options; the lowest count of its own random ones. */
const NEW_FORM: PgpForm = { literal: 'text', cipher: CIPHERS.aes128, compression: enums.compression.uncompressed, countByte: 0x60 }

const schema = z.strictObject({ cipher: z.enum(Object.keys(CIPHERS) as [Cipher, ...Cipher[]]).optional(), binary: z.boolean().default(false) })
const options = codecOptions(schema, (read) => read)

const passphrases = keyVersions((version): string => {
  if (typeof version !== 'string') throw new CodecError('key', 'a version of the key has named parts, where a passphrase is expected')
  return version
})

/** pgp_sym_encrypt and pgp_sym_encrypt_bytea of pgcrypto, raw in a bytea or armored in text. Keys are passphrases, taken as they stand. */
export const pgcrypto: Codec = {
  name: 'pgcrypto',
  problems: (given, key) => [...options.problems(given), ...keyProblems(key, (version) => (typeof version === 'string' ? null : 'has named parts, where a passphrase is expected'))],

  async decrypt(stored, context): Promise<Decrypted | null> {
    if (!isOpenPgp(stored)) return null
    for (const { id, key } of passphrases(context.key).all) {
      // decrypting changes the message, so each passphrase has its own
      const message = await parse(stored)
      const opened: PgpMessage | null = await message.decrypt(undefined, [key]).catch(() => null)
      const plaintext = opened?.getLiteralData() ?? null
      if (opened === null || plaintext === null) continue
      return { plaintext: Buffer.from(plaintext), keyId: id, meta: { ...formOf(stored), ...readForm(message, opened) } }
    }
    throw new CodecError('authentication', 'no version of the key opens the value')
  },

  async encrypt(plaintext, context): Promise<StoredValue> {
    const { cipher, binary } = options.read(context.options)
    const form = member(context.meta, 'literal') === undefined ? { ...NEW_FORM, literal: binary ? 'binary' : 'text' } as const : (context.meta as PgpForm)
    const message = await createMessage({ binary: new Uint8Array(plaintext), format: form.literal as 'binary', date: NO_DATE })
    const written = await encrypt({
      message,
      passwords: [passphrases(context.key).current.key],
      format: 'binary',
      config: {
        aeadProtect: false,
        s2kType: enums.s2k.iterated,
        s2kIterationCountByte: form.countByte,
        preferredSymmetricAlgorithm: cipher === undefined ? form.cipher : CIPHERS[cipher],
        preferredCompressionAlgorithm: form.compression,
      },
    })
    // pgcrypto does not read armor without its checksum
    return isBytea(context.meta) ? Buffer.from(written) : armor(enums.armor.message, written, undefined, undefined, undefined, true)
  },
}

/** pgcrypto writes none either: the time of encryption would tell the moves of a row. */
const NO_DATE = new Date(0)

async function parse(stored: StoredValue): Promise<PgpMessage> {
  try {
    return typeof stored === 'string' ? await readMessage({ armoredMessage: stored }) : await readMessage({ binaryMessage: new Uint8Array(stored) })
  } catch {
    throw new CodecError('layout', 'the value begins as an OpenPGP message and is none')
  }
}
