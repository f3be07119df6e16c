import { createHash, pbkdf2Sync } from 'node:crypto'
import { CodecError } from '../codec.js'
import { keyPart } from './key-bytes.js'
import { keyVersions } from './key-versions.js'

/** Which of the two passwords an attribute uses. */
export const PASSWORDS = ['primary_key', 'deterministic_key'] as const
export type Password = (typeof PASSWORDS)[number]

export interface RailsKey {
  readonly secret: Buffer
  /** What the header `i` holds where the application stores key references. */
  readonly reference: string
}

const RAILS_DIGESTS = ['sha1', 'sha256', 'sha384', 'sha512'] as const
const ITERATIONS = 65_536
const KEY_BYTES = 32

type Version = string | Readonly<Record<string, string>>

/** Keys of Active Record Encryption; null for a password that the version does not have. Deriving one takes tens of milliseconds. */
export const railsKeys = keyVersions((version, password): RailsKey | null => {
  const problem = railsKeyProblem(version)
  if (problem !== null) throw new CodecError('key', `a version of the key ${problem}`)
  const [secret, salt] = [keyPart(version, password), keyPart(version, 'key_derivation_salt')]
  if (secret === null || salt === null) return null
  const derived = pbkdf2Sync(secret, salt, ITERATIONS, KEY_BYTES, keyPart(version, 'digest') ?? 'sha256')
  return { secret: derived, reference: createHash('sha1').update(derived).digest('hex').slice(0, 4) }
})

const PARTS: readonly string[] = [...PASSWORDS, 'key_derivation_salt', 'digest']

export function railsKeyProblem(version: Version): string | null {
  if (typeof version === 'string') return `is text, where named parts are expected: ${PARTS.join(', ')}`
  const unknown = Object.keys(version).filter((part) => !PARTS.includes(part))
  if (unknown.length > 0) return `has unknown parts: ${unknown.join(', ')}`
  if ((version['key_derivation_salt'] ?? '') === '') return 'has no key_derivation_salt'
  if (PASSWORDS.every((password) => (version[password] ?? '') === '')) return 'has neither primary_key nor deterministic_key'
  const digest = version['digest'] ?? 'sha256'
  return (RAILS_DIGESTS as readonly string[]).includes(digest) ? null : `has a digest other than ${RAILS_DIGESTS.join(', ')}`
}
