import { readFile, stat } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { MoverError } from '../domain/errors.js'
import { KeySourceError } from './key-source.js'
import { keySources, serviceSchema } from './key-sources.js'
import type { KeySources } from './key-sources.js'

/** The versions of one named key of a cell; a version is text, or named parts for codecs that derive their keys. */
export interface NamedKey {
  readonly current: string
  readonly versions: ReadonlyMap<string, string | Readonly<Record<string, string>>>
}

/** The keys of one cell. Never logged, never part of an error. */
export type Keyring = ReadonlyMap<string, NamedKey>

export interface KeyringOptions {
  /** Absolute path. */
  readonly file: string
  /** For values of the form `env:NAME`, and what a key service is reached with. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

const keyringSchema = z.strictObject({
  service: serviceSchema.optional(),
  keys: z.record(z.string(), z.strictObject({ current: z.coerce.string(), versions: z.record(z.string(), z.union([z.string(), z.record(z.string(), z.coerce.string())])) })),
})

/**
 * Reads a keyring file. Throws OM1001, without a byte of any key, where the file is missing, readable by others than its
 * owner, not of the form, or names an environment variable, a command or a key of a service that yields nothing.
 */
export async function readKeyring({ file, environment }: KeyringOptions): Promise<Keyring> {
  await assertPrivate(file)
  const parsed = keyringSchema.safeParse(await readYaml(file))
  if (!parsed.success) throw wrong(file, `it is not of the form keys: {NAME: {current, versions}} (${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')})`)
  const keyring = new Map<string, NamedKey>()
  const sources = keySources({ environment, service: parsed.data.service ?? null })
  for (const [name, { current, versions }] of Object.entries(parsed.data.keys)) {
    if (!(current in versions)) throw wrong(file, `the current version of key ${name} is not among its versions`)
    const resolved = new Map<string, string | Readonly<Record<string, string>>>()
    for (const [version, value] of Object.entries(versions)) resolved.set(version, await resolveVersion(value, { file, name, sources }))
    keyring.set(name, { current, versions: resolved })
  }
  return keyring
}

/** Whether what `from` encrypted can be read by `to` as it stands: every version of the key is there with the same value. */
export function isSameKey(from: NamedKey, to: NamedKey): boolean {
  return [...from.versions].every(([version, value]) => JSON.stringify(to.versions.get(version)) === JSON.stringify(value))
}

async function assertPrivate(file: string): Promise<void> {
  const found = await stat(file).catch(() => null)
  if (found === null) throw wrong(file, 'it does not exist or cannot be read')
  if ((found.mode & 0o077) !== 0) throw wrong(file, `its mode is ${(found.mode & 0o777).toString(8)}: others than its owner may read it`, `chmod 600 ${file}`)
}

/** The parser's own message would quote the text. */
async function readYaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'), { logLevel: 'silent' })
  } catch {
    throw wrong(file, 'it cannot be read as YAML')
  }
}

interface KeyPlace {
  readonly file: string
  readonly name: string
  readonly sources: KeySources
}

async function resolveVersion(value: string | Readonly<Record<string, string>>, place: KeyPlace): Promise<string | Readonly<Record<string, string>>> {
  if (typeof value === 'string') return resolveValue(value, place)
  const parts: [string, string][] = []
  for (const [part, text] of Object.entries(value)) parts.push([part, await resolveValue(text, place)])
  return Object.fromEntries(parts)
}

/** What a source says of its failure is its own words, never what it read. */
async function resolveValue(value: string, { file, name, sources }: KeyPlace): Promise<string> {
  const scheme = /^([a-z]+):/.exec(value)?.[1]
  const source = scheme === undefined ? undefined : sources.get(scheme)
  if (source === undefined) return value
  try {
    return await source(value.slice(value.indexOf(':') + 1))
  } catch (error) {
    throw wrong(file, `key ${name}: ${error instanceof KeySourceError ? error.message : `its source (${scheme}) failed`}`, 'correct the keyring file, or what it names')
  }
}

function wrong(file: string, why: string, hint = 'correct the keyring file'): MoverError {
  return new MoverError({ code: 'OM1001', message: `keyring ${file}: ${why}`, hint, retry: 'after-fix' })
}
