import { runTool } from './run-tool.js'
import type { RunAs } from './unprivileged-user.js'

/** What `postgres --version` says as that user: a major version, or why it does not run. */
export async function probe(postgres: string, runAs: RunAs | null): Promise<{ readonly majorVersion: number } | { readonly problem: string }> {
  const result = await runTool(postgres, ['--version'], { runAs })
  const major = /^postgres \(PostgreSQL\) (\d+)/.exec(result.output)?.[1]
  return result.exitCode === 0 && major !== undefined ? { majorVersion: Number(major) } : { problem: result.output }
}
