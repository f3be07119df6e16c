import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'

const TABLES = `CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE people (id bigint PRIMARY KEY, name text);
  CREATE TABLE notes (id bigint, at date, organization_id bigint NOT NULL REFERENCES organizations, author_id bigint, reviewer_id bigint, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE notes_1 PARTITION OF notes DEFAULT; CREATE INDEX ON notes (organization_id)`
const ROWS = { a: `INSERT INTO organizations VALUES (1), (2); INSERT INTO people VALUES (1), (2); INSERT INTO notes VALUES (1, '2024-01-01', 1, 1, NULL), (2, '2024-01-01', 1, 2, 1), (3, '2024-01-01', 2, 1, 1)`, b: `INSERT INTO organizations VALUES (9); INSERT INTO people VALUES (1)` }

/** The target has a foreign key that the source lacks, on the table or on a partition. */
async function cellsWith(target: string): Promise<CellsInProcess> {
  return cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${TABLES}; ${ROWS[cell]}; ${cell === 'b' ? target : ''}`, config: { tenancy: { tables: { 'public.people': { exempt: 'skip' } } } } })
}

for (const [name, target] of [
  ['the table', 'ALTER TABLE notes ADD FOREIGN KEY (author_id) REFERENCES people'],
  ['a partition', 'ALTER TABLE notes_1 ADD FOREIGN KEY (author_id) REFERENCES people'],
] as const) {
  test(`P1: a foreign key that the target alone has, on ${name}, holds for the moved rows, or the move stops with those that it does not hold for`, async () => {
    await using cells = await cellsWith(target)
    const stopped = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect([stopped.error?.code, stopped.state]).toEqual(['OM4001', 'failed'])
    expect(stopped.error?.message).toMatch(/1 row\(s\) of public\.notes(_1)? \(2\/2024-01-01\) refer by author_id to no row of public\.people/)
    await cells.databases.b.get('main')?.query('INSERT INTO people VALUES (2)')
    const moved = await cells.app.resume(stopped.moveId ?? '', cells.io)
    expect([moved.error, moved.state]).toEqual([null, 'cut_over'])
  })
}
