import { expect, test } from 'vitest'
import { found } from '../support/found.js'

/** Foreign keys that were never validated, or whose parents went under the replica role: told before the freeze, not after the copy within the window. */

const PEOPLE = `CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL UNIQUE); INSERT INTO people VALUES (5, 'ann')`
const NOT_VALID = 'UPDATE issues SET created_by = CASE id WHEN 111 THEN 5 WHEN 112 THEN 404 END WHERE id IN (111, 112); ALTER TABLE issues ADD FOREIGN KEY (created_by) REFERENCES people NOT VALID'

test.each([
  ['shared', { exempt: 'shared' }],
  ['lookup whose missing rows are added', { exempt: 'lookup', match_by: ['name'], insert_missing: true }],
] as const)('a moving row that refers to no row of a table that is %s stops the move in prepare', async (_, people) => {
  const { lines, of, changes } = await found({ both: PEOPLE, source: NOT_VALID, target: 'ALTER TABLE issues ADD FOREIGN KEY (created_by) REFERENCES people NOT VALID', tenancy: { tables: { 'public.people': people } } })
  expect(lines).toEqual(['OM2104 error cell-a issues 1'])
  expect(of('OM2104')).toMatchObject({ examples: [{ id: '112' }], hint: expect.stringContaining('or at none') as string })
  expect(changes).toEqual([])
})
