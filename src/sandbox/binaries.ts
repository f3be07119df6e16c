import { embeddedBinaries } from './embedded-binaries.js'
import { systemBinaries } from './system-binaries.js'
import { runTool } from './run-tool.js'
import type { RunAs } from './unprivileged-user.js'

/** The two programs that a cluster needs; absolute paths, or names on PATH. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  readonly majorVersion: number
}

export interface BinariesRequest {
  readonly provider: 'embedded' | 'system'
  readonly version: number | null
  /** Who must be able to run them. */
  readonly runAs: RunAs | null
  /** Where copies may be kept that this user can read. */
  readonly cacheDirectory: string
}

/** Errors: OM9002, whose hint says how to get the binaries. */
export async function findBinaries(request: BinariesRequest): Promise<Binaries> {
  return request.provider === 'embedded' ? embeddedBinaries(request) : systemBinaries(request)
}

/** What `postgres --version` says as that user: a major version, or why it does not run. */
export async function probe(postgres: string, runAs: RunAs | null): Promise<{ readonly majorVersion: number } | { readonly problem: string }> {
  const result = await runTool(postgres, ['--version'], { runAs })
  const major = /^postgres \(PostgreSQL\) (\d+)/.exec(result.output)?.[1]
  return result.exitCode === 0 && major !== undefined ? { majorVersion: Number(major) } : { problem: result.output }
}
