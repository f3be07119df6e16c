import { expect, test } from 'vitest'
import { buildPlan } from '../../src/domain/build-plan.js'
import { cutChunks, leaveNoGap } from '../../src/dataplane/chunks.js'
import type { Chunk } from '../../src/dataplane/chunks.js'
import { classifyCell } from '../../src/move/discover.js'
import { freshDatabase } from '../support/database.js'
import { configured, openRead } from '../support/discovered-cell.js'

const ROWS = 25_000
/** The organization's rows lie together, its keys do not: only an index on owner and key finds a piece without the others. */
const rowsOf = (table: string): string => `INSERT INTO ${table} SELECT md5(i::text || 'x')::uuid, CASE WHEN i <= ${ROWS} THEN 1 ELSE 2 END, repeat('x', 60) FROM generate_series(1, 120000) AS i;`
const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY); INSERT INTO organizations VALUES (1), (2);
  CREATE TABLE by_key (id uuid PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text); ${rowsOf('by_key')} CREATE INDEX ON by_key (organization_id, id);
  CREATE TABLE by_owner (id uuid PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text); ${rowsOf('by_owner')} CREATE INDEX ON by_owner (organization_id);
`

test('a big table is cut so that all jobs have a part in it, unless its pieces would each be read for what the whole costs', async () => {
  await using database = await freshDatabase({ cluster: 'a' })
  await database.query(SCHEMA)
  await database.query('VACUUM (ANALYZE)')
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, 'tenancy: {}\n')
  const settings = await config.load()
  const { catalogs, units } = await classifyCell({ settings, cell: 'cell-a', open: openRead(settings) })
  const plan = buildPlan({ org: '1', source: 'cell-a', target: 'cell-b', catalogs, units })
  await using session = await openRead(settings)('cell-a', 'main')
  const cut = async (name: string, jobs: number): Promise<readonly Chunk[]> => {
    const table = plan.owned.find(({ id }) => id.name === name)
    if (table === undefined) throw new RangeError(name)
    const chunks = await cutChunks(session, table, { org: '1', keySets: [], relation: () => '' }, { rows: ROWS, chunkRows: 20_000, jobs })
    expect(leaveNoGap(chunks)).toBe(true)
    return chunks
  }
  expect(await cut('by_key', 4)).toHaveLength(3)
  expect(await cut('by_key', 1)).toHaveLength(2)
  expect(await cut('by_owner', 4)).toHaveLength(2)
})
