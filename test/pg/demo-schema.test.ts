import { readdir, readFile } from 'node:fs/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { demoCellSql, installDemoSchema, seedDemoCell } from '../../src/sandbox/seed-demo-cell.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { demoTraps } from '../support/demo-traps.js'
import { GLOBAL, type Listed, listObjects, listOrganizations } from '../support/oracle.js'
import { ORACLE_TABLES } from '../support/oracle-tables.js'
import { startWriter } from '../support/workload.js'

const SMALL = { cell: 1, organizations: 5, bigOrgRows: 3000 } as const

async function demoCell(cell: number, variant: 'standard' | 'column-order', seal?: () => Buffer): Promise<TestDatabase> {
  const database = await freshDatabase({ cluster: cell === 1 ? 'a' : 'b' })
  const client = await database.connect()
  await installDemoSchema(client, { cell, variant })
  await seedDemoCell(client, { ...SMALL, cell, ...(seal === undefined ? {} : { seal }) })
  return database
}

/** The same as `demoCell(1, 'standard')`, copied in milliseconds. */
async function copyOfCell(): Promise<TestDatabase> {
  const sql = await demoCellSql({ ...SMALL, variant: 'standard' })
  return await freshDatabase({ cluster: 'a', template: { name: 'demo_cell', source: { sql } } })
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

const listing = (database: TestDatabase) => withClient(database.url, listOrganizations)

/** One number, from a query over the catalog. */
async function count(database: TestDatabase, sql: string): Promise<number> {
  const [row] = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`)
  return row?.n ?? Number.NaN
}

describe('demo cell', () => {
  let one: TestDatabase
  let two: TestDatabase

  beforeAll(async () => {
    one = await demoCell(1, 'standard')
    two = await demoCell(2, 'column-order')
  })
  afterAll(async () => {
    await one[Symbol.asyncDispose]()
    await two[Symbol.asyncDispose]()
  })

  test('the same arguments give the same rows', async () => {
    await using again = await demoCell(1, 'standard')
    expect(await listing(again)).toEqual(await listing(one))
  })

  test('a template built from the script is the same cell', async () => {
    await using copy = await copyOfCell()
    expect(await listing(copy)).toEqual(await listing(one))
    expect(await withClient(copy.url, listObjects)).toEqual(await withClient(one.url, listObjects))
  })

  test('a column order is no difference in rows', async () => {
    await using other = await demoCell(1, 'column-order')
    expect(await listing(other)).toEqual(await listing(one))
  })

  test('every table of the schema is in the oracle', async () => {
    const tables = await one.query<{ name: string }>(`SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`)
    expect(tables.map((table) => table.name).toSorted()).toEqual(ORACLE_TABLES.map((entry) => entry.table).toSorted())
  })

  test('the dictionary speaks of every table but four, and of no column that is not there', async () => {
    const found = await one.query<{ name: string; columns: string[] }>(
      `SELECT c.relname AS name, array_agg(a.attname::text) AS columns FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.relname`,
    )
    const tables = new Map(found.map((table) => [table.name, new Set(table.columns)]))
    const entries = await readDictionaryFiles()
    for (const entry of entries) expect([...(tables.get(entry.table) ?? [])], entry.table).toEqual(expect.arrayContaining([...entry.columns]))
    const silent = [...tables.keys()].filter((name) => !entries.some((entry) => entry.table === name))
    expect(silent.toSorted()).toEqual(['approvals', 'board_lists', 'issue_assignees', 'release_links'])
  })

  test('every organization owns rows in every table that is owned, and none is shared between organizations', async () => {
    const owned = ORACLE_TABLES.filter((entry) => entry.owner !== 'NULL').map((entry) => entry.table)
    for (const [org, list] of await listing(one)) {
      if (org === GLOBAL) continue
      expect(list.map((entry) => entry.table), `organization ${org}`).toEqual(expect.arrayContaining([...owned, 'users', 'emails']))
    }
  })

  test('only predefined roles, versions of people and the tables of the cell belong to nobody', async () => {
    const list = (await listing(one)).get(GLOBAL) ?? []
    expect(list.map((entry) => entry.table).toSorted()).toEqual(
      ['emails', 'feature_gates', 'member_role_permissions', 'member_roles', 'plans', 'schema_migrations', 'shards', 'topics', 'users', 'versions'],
    )
  })

  test('every foreign key holds on both cells, though seeded with the checks off', async () => {
    expect(await danglingReferences(one)).toEqual([])
    expect(await danglingReferences(two)).toEqual([])
  })

  test('where several ways lead to an organization they agree', async () => {
    expect(await count(one, 'projects p JOIN namespaces n ON n.id = p.namespace_id WHERE n.organization_id <> p.organization_id')).toBe(0)
    expect(await count(one, 'ci_jobs j JOIN ci_pipelines p ON p.id = j.pipeline_id WHERE p.project_id <> j.project_id')).toBe(0)
    expect(await count(one, 'deployments d JOIN environments e ON e.id = d.environment_id WHERE e.project_id <> d.project_id')).toBe(0)
    const ownerOf = (table: string) => `(${ORACLE_TABLES.find((entry) => entry.table === table)?.owner})`
    const byLabel = `(SELECT ${ownerOf('labels').replaceAll('t.', 'l.')} FROM labels l WHERE l.id = t.label_id)`
    expect(await count(one, `label_links t WHERE ${ownerOf('label_links')} <> ${byLabel}`)).toBe(0)
  })

  test('the cells hand out ids from ranges of their own', async () => {
    const ranges = `SELECT sequencename, min_value::text, max_value::text FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename`
    const [first, second] = [await one.query<Range>(ranges), await two.query<Range>(ranges)]
    expect(first.length).toBeGreaterThan(35)
    expect(second.map((range) => range.sequencename)).toEqual(first.map((range) => range.sequencename))
    for (const [index, range] of first.entries()) expect(BigInt(range.max_value), range.sequencename).toBeLessThan(BigInt(second[index]?.min_value ?? 0))
    expect((await listing(two)).has('1000001')).toBe(true)
  })

  test('people of both cells are equal but for what each cell observed', async () => {
    const people = (columns: string) => `SELECT ${columns} FROM users WHERE id <= 24 ORDER BY id`
    const same = people('id, username, name, created_by_id, avatar, theme_scale, last_sign_in_ip, created_at::text')
    expect(await two.query(same)).toEqual(await one.query(same))
    expect(await two.query(people('last_activity_on'))).not.toEqual(await one.query(people('last_activity_on')))
    expect(await count(one, '(SELECT user_id FROM organization_users GROUP BY user_id HAVING count(*) > 1) AS in_several')).toBeGreaterThan(5)
  })

  test('lookup rows have the same names and other ids', async () => {
    const plans = `SELECT p.name, p.id FROM plans p WHERE p.name NOT LIKE 'pilot-%' ORDER BY p.name`
    const [here, there] = [await one.query<{ name: string; id: number }>(plans), await two.query<{ name: string; id: number }>(plans)]
    expect(there.map((plan) => plan.name)).toEqual(here.map((plan) => plan.name))
    expect(there.some((plan, index) => plan.id === here[index]?.id)).toBe(false)
  })

  test('the variant differs in column order, and in nothing else', async () => {
    await using standard = await demoCell(2, 'standard')
    // since PostgreSQL 18 NOT NULL has a name, after the table that it was first declared for: the variant attaches partitions
    const withoutPositions = async (database: TestDatabase) =>
      (await withClient(database.url, listObjects)).map((line) => line.replace(/^(column .*)\.\d+ /, '$1 ').replace(/^(constraint \S+) \S+ (NOT NULL )/, '$1 $2')).toSorted()
    expect(await withoutPositions(two)).toEqual(await withoutPositions(standard))
    const columns = (table: string) => `SELECT attname FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 ORDER BY attnum`
    for (const table of ['todos', 'web_hooks', 'project_statistics', 'partitions.audit_events_2024']) {
      expect(await two.query(columns(table)), table).not.toEqual(await standard.query(columns(table)))
    }
  })

  test('secrets can be sealed by the caller', async () => {
    await using sealed = await demoCell(1, 'standard', () => Buffer.from('sealed'))
    expect(await count(sealed, `access_tokens WHERE encrypted_token <> 'sealed'`)).toBe(0)
    expect(await count(sealed, `web_hooks WHERE encrypted_token <> 'c2VhbGVk'`)).toBe(0)
  })

  test.each([
    `UPDATE project_statistics SET repository_bytes = '1.00' WHERE project_id = 2 AND repository_bytes::text = '1.0'`,
    `UPDATE project_statistics SET activity_score = 0 WHERE project_id = 2 AND activity_score::text = '-0'`,
    `UPDATE snippets SET title = NULL WHERE title = '' AND organization_id = 2`,
    `UPDATE subscriptions SET plan_id = (SELECT id FROM plans WHERE name = 'pilot-1') WHERE id = 2`,
    `DELETE FROM award_emoji WHERE id = 2`,
  ])('the oracle sees %s, in one organization', async (change) => {
    await using changed = await copyOfCell()
    await changed.query(change)
    await expectOnlyChanged(await listing(one), await listing(changed), '2')
  })

  test.each(demoTraps())('there is on purpose: %s', async (_name, sql, atLeast) => {
    expect(await count(one, sql)).toBeGreaterThanOrEqual(atLeast)
  })

  test('a foreign-key cycle is really a cycle, twice', async () => {
    const edges = await one.query<{ source: string; target: string }>(
      `SELECT DISTINCT conrelid::regclass::text AS source, confrelid::regclass::text AS target FROM pg_constraint
       WHERE contype = 'f' AND NOT condeferrable AND conrelid <> confrelid AND conparentid = 0`,
    )
    const cycles = edges.filter((edge) => edges.some((back) => back.source === edge.target && back.target === edge.source)).map((edge) => edge.source)
    expect(cycles.toSorted()).toEqual(['ci_jobs', 'ci_pipelines', 'merge_request_diffs', 'merge_requests'])
  })

  test('every foreign key and every owner column leads an index', async () => {
    const missing = await one.query(
      `SELECT c.conrelid::regclass, c.conname FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0
         AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])`,
    )
    expect(missing).toEqual([])
    expect(await count(one, `pg_indexes WHERE tablename = 'audit_events' AND indexdef LIKE '%(organization_id)%'`)).toBe(1)
  })

  test('a writer records what was acknowledged and what was refused', async () => {
    await using cell = await copyOfCell()
    const writer = await startWriter(cell.url, { org: '2', pauseMs: 0 })
    await until(() => writer.record.acknowledged.length > 60)
    await cell.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'frozen' USING ERRCODE = 'OM001'; END $$`)
    await cell.query('CREATE TRIGGER refuse BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION refuse()')
    await until(() => writer.record.rejections.length > 0)
    await cell.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()', ['demo writer'])
    await until(() => writer.record.rejections.some((rejection) => rejection.sqlState !== 'OM001'))
    const record = await writer.stop()
    expect(record.rejections).toContainEqual(expect.objectContaining({ sqlState: 'OM001', message: 'frozen', operation: 'insertNote' }))
    expect(new Set(record.acknowledged.map((write) => write.table)).size).toBeGreaterThan(7)
    expect(record.slowest?.ms).toBeGreaterThan(0)
    expect(await danglingReferences(cell)).toEqual([])
    await expectOnlyChanged(await listing(one), await listing(cell), '2')
  })
})

interface DictionaryFile {
  readonly table_name: string
  readonly sharding_key?: Readonly<Record<string, string>>
  readonly move?: { readonly columns?: Readonly<Record<string, unknown>>; readonly match_by?: readonly string[]; readonly differ_by?: readonly string[] }
}

/** Read here by a plain YAML parser: what the mover makes of these files is tested where it is made. */
async function readDictionaryFiles(): Promise<readonly { readonly table: string; readonly columns: readonly string[] }[]> {
  const folder = new URL('../../schema/demo/dictionary/', import.meta.url)
  const names = await readdir(folder)
  return await Promise.all(
    names.map(async (name) => {
      const { table_name: table, sharding_key: keys = {}, move = {} }: DictionaryFile = parse(await readFile(new URL(name, folder), 'utf8'))
      const keyColumns = Object.keys(keys).flatMap((columns) => columns.split(', '))
      return { table, columns: [...keyColumns, ...Object.keys(move.columns ?? {}), ...(move.match_by ?? []), ...(move.differ_by ?? [])] }
    }),
  )
}

interface Range {
  readonly sequencename: string
  readonly min_value: string
  readonly max_value: string
}

/** Foreign keys with rows that point nowhere, from the catalog. */
async function danglingReferences(database: TestDatabase): Promise<readonly string[]> {
  const checks = await database.query<{ sql: string }>(
    `SELECT format('SELECT %L AS name FROM %s t WHERE %s AND NOT EXISTS (SELECT 1 FROM %s f WHERE %s) LIMIT 1', c.conrelid::regclass || ' ' || c.conname, c.conrelid::regclass,
       (SELECT string_agg(format('t.%I IS NOT NULL', a.attname), ' AND ') FROM unnest(c.conkey) AS k (x) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.x),
       c.confrelid::regclass,
       (SELECT string_agg(format('t.%I = f.%I', a.attname, b.attname), ' AND ') FROM unnest(c.conkey, c.confkey) AS k (x, y)
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.x JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.y)) AS sql
     FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0`,
  )
  const found: string[] = []
  for (const { sql } of checks) found.push(...(await database.query<{ name: string }>(sql)).map((row) => row.name))
  return found
}

async function expectOnlyChanged(before: Map<string, readonly Listed[]>, after: Map<string, readonly Listed[]>, org: string): Promise<void> {
  const changed = [...after.keys()].filter((key) => JSON.stringify(after.get(key)) !== JSON.stringify(before.get(key)))
  expect(changed).toEqual([org])
  expect([...after.keys()]).toEqual([...before.keys()])
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 20_000, interval: 20 }).toBe(true)
}
