import { CodecError } from '../codec.js'
import type { NamedKey } from '../keyring.js'

/** Text, or named parts. */
type Version = string | Readonly<Record<string, string>>

export interface KeyVersion<T> {
  readonly id: string
  readonly key: T
}

export interface KeyVersions<T> {
  readonly current: KeyVersion<T>
  /** The current one first. */
  readonly all: readonly KeyVersion<T>[]
  readonly byId: ReadonlyMap<string, KeyVersion<T>>
}

/**
 * Makes of every version of a key what a codec works with, once for each pair of key and variant (such as table and column, for
 * keys that are derived from them). Kept as long as the key itself; one key is known to hold few variants, and the oldest are forgotten.
 */
export function keyVersions<T>(make: (version: Version, variant: string) => T): (key: NamedKey, variant?: string) => KeyVersions<T> {
  const made = new WeakMap<NamedKey, Map<string, KeyVersions<T>>>()
  return (key, variant = '') => {
    const variants = made.get(key) ?? new Map<string, KeyVersions<T>>()
    made.set(key, variants)
    const known = variants.get(variant)
    if (known !== undefined) return known
    const versions = makeVersions(key, (version) => make(version, variant))
    if (variants.size >= MOST_VARIANTS) for (const oldest of variants.keys()) { variants.delete(oldest); break }
    variants.set(variant, versions)
    return versions
  }
}

const MOST_VARIANTS = 10_000

function makeVersions<T>(key: NamedKey, make: (version: Version) => T): KeyVersions<T> {
  const byId = new Map<string, KeyVersion<T>>()
  for (const [id, version] of key.versions) byId.set(id, { id, key: make(version) })
  const current = byId.get(key.current)
  if (current === undefined) throw new CodecError('key', 'the current version is not among the versions of the key')
  return { current, byId, all: [current, ...[...byId.values()].filter((version) => version !== current)] }
}

/** What `problem` says of each version, one sentence each, naming the version and never a byte of it. */
export function keyProblems(key: NamedKey, problem: (version: Version) => string | null): readonly string[] {
  return [...key.versions].flatMap(([id, version]) => {
    const found = problem(version)
    return found === null ? [] : [`key version ${id} ${found}`]
  })
}

/** The version named in a value. */
export function versionOf<T>(versions: KeyVersions<T>, id: string): KeyVersion<T> {
  const version = versions.byId.get(id)
  if (version === undefined) throw new CodecError('unknown-key', 'the value names a version of the key that is not in the keyring')
  return version
}
