import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'

const SCHEMA = `CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE builds (id bigint PRIMARY KEY, organization_id bigint NOT NULL);
  CREATE TABLE steps (id bigint PRIMARY KEY, build_id bigint NOT NULL REFERENCES builds)`
const ROWS: Readonly<Record<string, string>> = {
  main: 'INSERT INTO organizations VALUES (1), (2)',
  ci: 'INSERT INTO builds VALUES (1, 1), (2, 2); INSERT INTO steps VALUES (1, 1), (2, 2)',
}

/** Every table is in both databases of a cell, and used in one. */
async function told(elsewhere: string): Promise<readonly unknown[]> {
  await using cells = await cellsInProcess({
    databases: ['main', 'ci'],
    orgs: ['1'],
    setUp: (cell, database) => `${SCHEMA}; ${cell === 'a' ? `${ROWS[database] ?? ''}; ${database === 'main' ? elsewhere : ''}` : ''}`,
    config: { tenancy: { tables: { 'public.organizations': { database: 'main' }, 'public.builds': { database: 'ci' }, 'public.steps': { database: 'ci' } } } },
  })
  const { findings, totals } = await cells.app.plan({ org: '1', to: 'cell-b' })
  expect(totals.rows).toBe(3)
  return findings.map(({ code, severity, database, table, examples }) => [code, severity, database, table, examples])
}

test('OM2126: rows of the organization in a database where their table is not used; of others they are no matter where the key tells', async () => {
  expect(await told('INSERT INTO builds VALUES (9, 1), (10, 2)')).toEqual([['OM2126', 'error', 'main', 'builds', [{ id: '9' }]]])
  expect(await told('INSERT INTO builds VALUES (10, 2)')).toEqual([])
  // whose a row is that only its parents tell, cannot be asked there: it must be empty
  expect(await told('INSERT INTO builds VALUES (10, 2); INSERT INTO steps VALUES (7, 10)')).toEqual([['OM2126', 'error', 'main', 'steps', [{ id: '7' }]]])
})
