import { expect, test } from 'vitest'
import { checkWidth } from '../../src/checks/check-width.js'
import { buildPlan } from '../../src/domain/build-plan.js'
import type { Finding } from '../../src/domain/finding.js'
import { classifyCell } from '../../src/move/discover.js'
import { freshDatabase } from '../support/database.js'
import { configured, openRead } from '../support/discovered-cell.js'

/** Below 1 GB, so that a test can have it: the limit is a parameter. Every `body` but that of `plain` and `small` exceeds it in text, some in binary too. */
const LIMIT = 3_000_000
const SCHEMA = `
  CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('a label of an enum that is as long as a label of an enum may be'); CREATE TYPE pair AS (one text, two text); CREATE DOMAIN document AS jsonb;
  CREATE TABLE organizations (id bigint PRIMARY KEY); INSERT INTO organizations VALUES (1);
`
const BODIES: Readonly<Record<string, readonly [type: string, value: string]>> = {
  plain: ['text', `repeat('x', 2900000)`],
  small: ['jsonb', `'{"a": 1}'`],
  backslashes: ['text', `repeat(E'\\\\', 1600000)`],
  bytes: ['bytea', `decode(repeat('00', 1600000), 'hex')`],
  documents: ['jsonb', `to_jsonb(repeat(E'\\x01', 450000))`],
  of_domain: ['document', `to_jsonb(repeat(E'\\x01', 450000))`],
  plain_json: ['json', `to_json(repeat(E'\\\\', 800000))`],
  lists: ['text[]', `ARRAY[repeat(E'\\\\', 800000)]`],
  numbers: ['bigint[]', `array_fill(-1000000000000000000::bigint, ARRAY[160000])`],
  moods: ['mood[]', `array_fill((SELECT e FROM unnest(enum_range(NULL::mood)) AS e LIMIT 1), ARRAY[60000])`],
  pairs: ['pair', `ROW(repeat(E'\\\\', 800000), NULL)::pair`],
  stores: ['hstore', `hstore('k', repeat('"', 1100000))`],
  stored: ['jsonb', `to_jsonb(repeat('abc', 1100000))`],
}

test('P10: the text of every kind of value is measured where it may be too wide, and nothing else is read', async () => {
  await using database = await freshDatabase({ cluster: 'a' })
  const tables = Object.entries(BODIES).map(([name, [type, value]]) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body ${type}); INSERT INTO ${name} VALUES (1, 1, NULL), (7, 1, ${value})`)
  await database.query(`${SCHEMA} ${tables.join('; ')}; INSERT INTO backslashes VALUES (8, 1, repeat('x', 2900000))`)
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, 'tenancy: {}\n')
  const settings = await config.load()
  const { catalogs, units } = await classifyCell({ settings, cell: 'cell-a', open: openRead(settings) })
  const plan = buildPlan({ org: '1', source: 'cell-a', target: 'cell-b', catalogs, units })
  await using session = await openRead(settings)('cell-a', 'main')
  const found: Finding[] = []
  const scope = { org: '1', keySets: [], relation: () => '' }
  const shared = { plan, scope, temporary: true, relation: () => '', secrets: () => null }
  const statements: string[] = []
  const watched = new Proxy(session, { get: (of, name) => (name === 'rows' ? (text: string, params?: readonly unknown[]) => (statements.push(text), of.rows(text, params)) : Reflect.get(of, name)) })
  const wide = await checkWidth({ plan, catalogs: { source: catalogs, target: catalogs }, session: () => watched, scope, shared, counts: new Map(plan.owned.map(({ no }) => [no, 2])), report: (one) => void found.push(one) }, LIMIT)
  expect(plan.owned.filter(({ no }) => wide.has(no)).map(({ id }) => id.name).sort()).toEqual(Object.keys(BODIES).filter((name) => !['plain', 'small'].includes(name)).sort())
  expect(found.map(({ code, table, examples }) => [code, table, examples])).toContainEqual(['OM2123', 'stored', [{ id: '7' }]])
  // the labels of enums are sent as text, too
  expect(found.map(({ table }) => table).sort()).toEqual(['moods', 'stored'])
  expect(statements.some((text) => text.includes('"small"')), 'a table without a long value').toBe(false)
})
