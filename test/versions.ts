import { spawnSync } from 'node:child_process'

/**
 * `npm run test:versions [-- test files]`: the tests that have servers, on every major version, and from an older to a newer server
 * and back (cell-a is the source of most moves). A version that is not installed fails with the command that installs it.
 */
const RUNS: readonly (readonly [string, string])[] = [['15', '15'], ['16', '16'], ['17', '17'], ['18', '18'], ['15', '18'], ['18', '17']]

const files = process.argv.slice(2)
const failed: string[] = []
for (const [a, b] of RUNS) {
  const name = a === b ? `PostgreSQL ${a}` : `PostgreSQL ${a} to ${b}`
  process.stderr.write(`${name}\n`)
  const env = { ...process.env, ORG_MOVER_TEST_PG_VERSION: a, ORG_MOVER_TEST_PG_VERSION_A: a, ORG_MOVER_TEST_PG_VERSION_B: b }
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'pg', '--project', 'e2e', ...files], { stdio: 'inherit', env })
  if (status !== 0) failed.push(name)
}
process.stderr.write(failed.length === 0 ? 'all versions pass\n' : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
