import { defineConfig } from 'vitest/config'

/**
 * The kind of a test is its folder: unit, property and arch need no server; pg, fault and e2e run against real PostgreSQL
 * clusters that the global set-up starts once (test/support/global-setup.ts).
 */
const withServers = { globalSetup: ['test/support/global-setup.ts'], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 2, sequence: { groupOrder: 1 } }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts', 'test/arch/**/*.test.ts'] } },
      { test: { name: 'pg', include: ['test/pg/**/*.test.ts'], ...withServers } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts', 'test/fault/**/*.test.ts'], ...withServers } },
    ],
  },
})
