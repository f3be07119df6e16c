import { describe, expect, test } from 'vitest'
import type { PlanDocument } from '../../src/domain/documents.js'
import { examine } from '../../src/checks/examine.js'
import { Pace } from '../../src/dataplane/pace.js'
import { openForChecks, openForSample, vaultOf } from '../../src/move/cells.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'
import { listObjects } from '../support/list-objects.js'

/** What a load meets: an index over a function by its bare name, a check, a generated column, an identity, partitions, a trigger that must not fire. */
const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE FUNCTION tidy(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
  CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations,
    body text CHECK (tidy(body) <> 'never'), size int GENERATED ALWAYS AS (length(body)) STORED);
  CREATE INDEX ON notes (organization_id, tidy(body));
  CREATE TABLE events (id bigint, organization_id bigint NOT NULL REFERENCES organizations, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE INDEX ON events (organization_id);
  CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fired'; END $$;
  INSERT INTO organizations VALUES (2);
  INSERT INTO notes (organization_id, body) SELECT 2, 'theirs ' || n FROM generate_series(1, 50) AS n;
`
const ROWS = `
  INSERT INTO organizations VALUES (1);
  INSERT INTO notes (organization_id, body) SELECT 1, repeat('x', 100) || n FROM generate_series(1, 3000) AS n;
  INSERT INTO events SELECT n, 1, '2024-05-05' FROM generate_series(1, 2000) AS n;
  ANALYZE;
`
const QUIET = 'CREATE TRIGGER loud BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION shout()'

function cells(config: Readonly<Record<string, unknown>> = {}): Promise<CellsInProcess> {
  return cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => (cell === 'a' ? SCHEMA + ROWS : `${SCHEMA.replace(/INSERT INTO (organizations VALUES \(2\)|notes)[^;]*;/g, '')}; ALTER SEQUENCE notes_id_seq RESTART WITH 1000000; ${QUIET}`), config })
}

function sampled(one: CellsInProcess): Promise<PlanDocument> {
  return one.app.plan({ org: '1', to: 'cell-b', sample: true })
}

/** Objects, rows, what the statistics say was ever written, and what is left of temporary relations. */
async function lookAt(database: TestDatabase | undefined): Promise<readonly string[]> {
  if (database === undefined) throw new RangeError('no database')
  const client = await database.connect()
  try {
    const written = await client.query<{ line: string }>(
      `SELECT relname || ' ' || n_tup_ins || ' ' || n_tup_del || ' ' || n_tup_upd AS line FROM pg_stat_user_tables WHERE schemaname = 'public'
       UNION ALL SELECT 'sequence ' || last_value || is_called FROM notes_id_seq
       UNION ALL SELECT 'rows ' || (SELECT count(*) FROM notes) || ' ' || (SELECT count(*) FROM events)
       UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relpersistence = 't' ORDER BY 1`,
    )
    return [...(await listObjects(client)), ...written.rows.map(({ line }) => line)]
  } finally {
    await client.end()
  }
}

describe('plan --sample', () => {
  test('measures a rate over rows of the biggest tables, tells it as the basis, and leaves nothing behind', async () => {
    await using two = await cells()
    const [a, b] = [two.databases.a.get('main'), two.databases.b.get('main')]
    const before = [await lookAt(a), await lookAt(b)]
    const { sample, estimate, findings } = await sampled(two)
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(sample?.cutShort).toBe(null)
    expect(sample?.tables.map(({ table, rows }) => `${table} ${rows}`)).toEqual(['notes 3000', 'events 2000', 'organizations 1'])
    expect(estimate.basis).toMatch(/measured: [\d,]+ rows\/s over 3 tables, 5,001 rows copied by one stream into temporary tables/)
    expect(estimate.basis).toContain('no foreign keys')
    expect(estimate.windowSeconds).toBeGreaterThanOrEqual(3)
    expect([await lookAt(a), await lookAt(b)]).toEqual(before)
    expect(before[1]).toContain('rows 0 0')
  })

  test('a plan without it measures nothing, and says so by its basis', async () => {
    await using two = await cells()
    const { sample, estimate } = await two.app.plan({ org: '1', to: 'cell-b' })
    expect([sample, estimate.basis.includes('measured on two cores')]).toEqual([null, true])
  })

  test('keeps within its tables and rows', async () => {
    await using two = await cells({ sample: { tables: 1, rows: 120 } })
    const { sample, estimate, totals } = await sampled(two)
    expect(sample?.tables.map(({ table, rows }) => `${table} ${rows}`)).toEqual(['notes 120'])
    expect(totals.rows).toBe(5001)
    expect(estimate.basis).toContain('over 1 table, 120 rows')
  })

  test('keeps within its bytes: rows by their width, and no further table', async () => {
    await using two = await cells({ sample: { max_bytes: 20_000 } })
    const { sample, estimate } = await sampled(two)
    expect(sample?.tables.map(({ table }) => table)).toContain('notes')
    const bytes = sample?.tables.reduce((sum, one) => sum + one.bytes, 0) ?? 0
    expect(bytes > 5_000 && bytes <= 40_000).toBe(true)
    expect(sample?.cutShort).toBe('the limit of 20000 bytes')
    expect(estimate.basis).toContain('not more, for the limit of 20000 bytes')
  })

  test('keeps within its time, at the pace that is configured for the move', async () => {
    await using two = await cells({ sample: { max_time: '300ms' }, copy: { max_bytes_per_second: 1000 } })
    const [a, b] = [two.databases.a.get('main'), two.databases.b.get('main')]
    const before = [await lookAt(a), await lookAt(b)]
    const { sample, estimate } = await sampled(two)
    expect(sample).toEqual({ tables: [], cutShort: 'the time limit of 0.3 s' })
    expect(estimate.basis).toContain('the sample measured nothing: the time limit of 0.3 s')
    expect([await lookAt(a), await lookAt(b)]).toEqual(before)
  })

  test('waits for no lock longer than lock_timeout, says so, and lets the plan stand', async () => {
    await using two = await cells({ lock_timeout: '1100ms' })
    const [target, blocker] = [two.databases.b.get('main'), await two.databases.b.get('main')?.connect()]
    const { settings } = two
    const names = { source: 'cell-a', target: 'cell-b' }
    const { sampled: rate, rows } = await examine({
      org: '1',
      ...names,
      tenancy: settings.tenancy,
      sequences: 'check',
      databases: ['main'],
      open: (side, database) => openForChecks(settings, names[side], database, 'a test'),
      secrets: vaultOf(settings, names),
      sample: {
        limits: settings.sample,
        pace: new Pace({ maxBytesPerSecond: null, orders: async () => ({}), reasons: [], tell: async () => undefined }),
        openLoad: async (database) => {
          await blocker?.query('BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE')
          return openForSample(settings, 'cell-b', database, 'a test')
        },
      },
    })
    await blocker?.query('ROLLBACK')
    expect(rate).toEqual({ tables: [], cutShort: expect.stringContaining('lock') as string })
    expect(rows.size).toBeGreaterThan(0)
    expect((await lookAt(target)).filter((line) => line.startsWith('temporary'))).toEqual([])
  })
})
