import type { Side } from '../domain/vocabulary.js'
import type { Codec } from './codec.js'
import type { Keyring } from './keyring.js'

/** Both cells' keys and the codecs. Holds keys: never log it. */
export interface SecretTools {
  readonly codecs: ReadonlyMap<string, Codec>
  readonly keyrings: Readonly<Record<Side, Keyring | null>>
}
