import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries, BinariesRequest } from './binaries.js'
import { probe } from './probe-binary.js'
import { sandboxError } from './sandbox-error.js'

/** Where distributions keep the server's programs, which are seldom on PATH; folders below are named by version. */
const ROOTS = ['/usr/lib/postgresql', '/usr/local/lib/postgresql', '/usr', '/opt/homebrew/opt', '/usr/local/opt']
const VERSION_FOLDER = /^(?:\d+|pgsql-\d+|postgresql@\d+)$/

/** First those on PATH, then the newest of the usual places that is of the version asked for. */
export async function systemBinaries(request: Pick<BinariesRequest, 'version' | 'runAs'>): Promise<Binaries> {
  for (const folder of ['', ...(await versionFolders())]) {
    const postgres = join(folder, 'postgres')
    const found = await probe(postgres, request.runAs)
    if (!('majorVersion' in found)) continue
    if (request.version === null || request.version === found.majorVersion) return { initdb: join(folder, 'initdb'), postgres, majorVersion: found.majorVersion }
  }
  const wanted = request.version === null ? 'PostgreSQL' : `PostgreSQL ${request.version}`
  throw sandboxError(`this machine has no programs \`initdb\` and \`postgres\` of ${wanted}, on PATH or in the usual places`, 'install a PostgreSQL server package, or use the embedded one')
}

async function versionFolders(): Promise<string[]> {
  const found: { readonly folder: string; readonly version: number }[] = []
  for (const root of ROOTS) {
    const names = await readdir(root).catch(() => [])
    for (const name of names.filter((n) => VERSION_FOLDER.test(n))) found.push({ folder: join(root, name, 'bin'), version: Number(/\d+/.exec(name)?.[0]) })
  }
  return found.sort((a, b) => b.version - a.version).map((f) => f.folder)
}
