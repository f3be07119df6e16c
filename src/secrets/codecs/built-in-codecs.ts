import type { Codec } from '../codec.js'
import { activeRecord } from './active-record.js'
import { aes256Gcm } from './aes-256-gcm.js'
import { attrEncrypted } from './attr-encrypted.js'
import { fernet } from './fernet.js'
import { lockbox } from './lockbox.js'
import { messageEncryptor } from './message-encryptor.js'
import { pgcrypto } from './pgcrypto.js'
import { plaintext } from './plaintext.js'

/** The codecs that declarations may name without a module of their own. `digest` is none: see `digest.ts`. */
export const builtInCodecs: ReadonlyMap<string, Codec> = new Map([aes256Gcm, activeRecord, attrEncrypted, lockbox, pgcrypto, fernet, messageEncryptor, plaintext].map((codec) => [codec.name, codec]))
