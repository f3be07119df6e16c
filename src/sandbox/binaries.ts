import { embeddedBinaries } from './embedded-binaries.js'
import { systemBinaries } from './system-binaries.js'
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
