import { CodecError } from '../codec.js'
import type { Codec, CodecContext, Decrypted, StoredValue } from '../codec.js'
import type { NamedKey } from '../keyring.js'
import type { AesOptions } from './aes-options.js'
import { aesOptions } from './aes-options.js'
import { authenticatedText } from './authenticated-text.js'
import { decodeParts, encodeParts } from './aes-layout.js'
import { deterministicIv, openGcm, sealGcm } from './gcm.js'
import type { Sealed } from './gcm.js'
import { exactKey, lengthProblem } from './key-bytes.js'
import { keyProblems, keyVersions, versionOf } from './key-versions.js'
import type { KeyVersions } from './key-versions.js'
import { randomIv } from './random-iv.js'
import { formOf, isBytea } from './stored-form.js'

const KEY_BYTES = 32

const rawKeys = keyVersions((version, encoding) => exactKey(version, encoding === '' ? undefined : (encoding as AesOptions['keyEncoding']), KEY_BYTES))

/** AES-256-GCM in whatever layout the application chose: order and encoding of its parts, prefix, key id. */
export const aes256Gcm: Codec = {
  name: 'aes-256-gcm',
  problems: (options, key) => [...aesOptions.problems(options), ...keyVersionProblems(options, key)],

  decrypt(stored, context): Decrypted | null {
    const options = aesOptions.read(context.options)
    const found = decodeParts(stored, options)
    if (found === null) return null
    const versions = rawKeys(context.key, options.keyEncoding)
    const aad = authenticatedText(options.aad, context)
    const candidates = found.keyId === null ? versions.all : [versionOf(versions, found.keyId)]
    const opened = openWithAny(candidates, found.sealed, aad)
    if (opened === null) throw new CodecError('authentication', found.keyId === null ? 'no version of the key opens the value' : 'the version of the key that the value names does not open it')
    return { plaintext: opened.plaintext, keyId: opened.keyId, meta: formOf(stored) }
  },

  encrypt(plaintext, context): StoredValue {
    const options = aesOptions.read(context.options)
    const { current } = rawKeys(context.key, options.keyEncoding)
    const iv = options.isDeterministic ? deterministicIv(current.key, plaintext, options.ivLength) : randomIv(options.ivLength)
    const sealed = sealGcm(current.key, iv, plaintext, { tagLength: options.tagLength, aad: authenticatedText(options.aad, context) })
    return encodeParts(sealed, current.id, options, isBytea(context.meta))
  },
}

function openWithAny(candidates: KeyVersions<Buffer>['all'], sealed: Sealed, aad: Buffer | null): { readonly plaintext: Buffer; readonly keyId: string } | null {
  for (const { id, key } of candidates) {
    const plaintext = openGcm(key, sealed, aad)
    if (plaintext !== null) return { plaintext, keyId: id }
  }
  return null
}

function keyVersionProblems(options: CodecContext['options'], key: NamedKey): readonly string[] {
  if (aesOptions.problems(options).length > 0) return []
  const { keyEncoding } = aesOptions.read(options)
  return keyProblems(key, (version) => lengthProblem(version, keyEncoding, { bytes: KEY_BYTES }))
}
