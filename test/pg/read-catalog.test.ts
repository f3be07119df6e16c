import { describe, expect, test } from 'vitest'
import { tableKey } from '../../src/domain/catalog.js'
import type { Catalog, Column, Index, Table } from '../../src/domain/catalog.js'
import { compareTables } from '../../src/domain/compare-catalogs.js'
import { catalogFingerprint } from '../../src/domain/catalog-fingerprint.js'
import { readCatalog } from '../../src/postgres/read-catalog.js'
import { Session } from '../../src/postgres/session.js'
import { administrator } from '../support/clusters.js'
import type { ClusterName } from '../support/clusters.js'
import { freshDatabase } from '../support/database.js'

/** Everything that a catalog reader has ever tripped over. */
const NASTY = `
  CREATE EXTENSION citext;
  CREATE EXTENSION btree_gist;
  CREATE SCHEMA "We""ird schema";
  CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
  ALTER TYPE public.mood ADD VALUE 'meh' BEFORE 'ok';
  CREATE DOMAIN public.email AS public.citext CHECK (VALUE ~ '@');
  CREATE DOMAIN public.emails AS public.email[];
  CREATE TYPE public.pair AS (a int, b text);
  CREATE TYPE public.span AS RANGE (subtype = int4);
  CREATE TABLE public.organizations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL COLLATE "C");
  CREATE TABLE "We""ird schema"."Ta.ble ""x""" (
    "Id" bigserial, gone int, "or""g" bigint NOT NULL REFERENCES public.organizations ON DELETE CASCADE, "select" public.citext,
    one public.email, emails public.emails, m public.mood[] DEFAULT '{ok}',
    price numeric(10,2) CHECK (price > 0), doubled numeric GENERATED ALWAYS AS (price * 2) STORED, j json, js json[], v varchar(20),
    p public.pair, s public.span, ip cidr, parent_org bigint, parent_id bigint,
    PRIMARY KEY ("or""g", "Id") INCLUDE (price),
    UNIQUE (v) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE NULLS NOT DISTINCT (price, v),
    CONSTRAINT "no overlap" EXCLUDE USING gist ("or""g" WITH =, s WITH &&) WHERE (price > 1),
    CONSTRAINT itself FOREIGN KEY (parent_org, parent_id) REFERENCES "We""ird schema"."Ta.ble ""x""" ("or""g", "Id") MATCH FULL DEFERRABLE
  );
  ALTER TABLE "We""ird schema"."Ta.ble ""x""" DROP COLUMN gone;
  CREATE INDEX "expr index" ON "We""ird schema"."Ta.ble ""x""" (lower(v), (price + 1), "select") INCLUDE (ip) WHERE v IS NOT NULL;
  ALTER TABLE "We""ird schema"."Ta.ble ""x""" ENABLE ROW LEVEL SECURITY;
  ALTER TABLE "We""ird schema"."Ta.ble ""x""" FORCE ROW LEVEL SECURITY;

  CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TABLE public.events (org bigint NOT NULL, at date NOT NULL, id bigint NOT NULL, PRIMARY KEY (org, at, id)) PARTITION BY RANGE (at);
  CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (org);
  CREATE TABLE public.events_2024_1 PARTITION OF public.events_2024 FOR VALUES IN (1);
  CREATE TABLE public.events_2024_rest PARTITION OF public.events_2024 DEFAULT;
  CREATE TABLE public.events_later (LIKE public.events) PARTITION BY LIST (org);
  CREATE TRIGGER note AFTER INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.note();
  INSERT INTO public.organizations (name) VALUES ('a'), ('b');
  INSERT INTO public.events SELECT 1, '2024-02-01', n FROM generate_series(1, 100) n;
  INSERT INTO public.events SELECT 2, '2024-02-01', n FROM generate_series(1, 50) n;
  ALTER TABLE public.events ADD FOREIGN KEY (org) REFERENCES public.organizations;
  CREATE TABLE public.refs (id int PRIMARY KEY, org bigint, at date, event bigint);
  ALTER TABLE public.refs ADD FOREIGN KEY (org, at, event) REFERENCES public.events (org, at, id) ON DELETE SET NULL NOT VALID;
  ALTER TABLE public.refs ADD CONSTRAINT young CHECK (id > 5) NOT VALID;

  CREATE TABLE public.base (id int PRIMARY KEY, x text);
  CREATE TABLE public.derived (y text) INHERITS (public.base);
  CREATE RULE quiet AS ON DELETE TO public.base WHERE false DO INSTEAD NOTHING;
  CREATE TRIGGER always AFTER UPDATE ON public.base FOR EACH ROW EXECUTE FUNCTION public.note();
  ALTER TABLE public.base ENABLE ALWAYS TRIGGER always;

  CREATE SEQUENCE public.free INCREMENT 5 MAXVALUE 1000 CYCLE;
  CREATE SEQUENCE public.by_default START 9007199254740993;
  CREATE UNLOGGED TABLE public.uses (id bigint DEFAULT nextval('public.by_default') PRIMARY KEY);
  SELECT nextval('public.by_default'), nextval('public.free');

  CREATE VIEW public.a_view AS SELECT 1 AS one;
  CREATE MATERIALIZED VIEW public.a_matview AS SELECT 1 AS one;
  CREATE EXTENSION file_fdw;
  CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
  CREATE FOREIGN TABLE public.a_foreign (line text) SERVER files OPTIONS (filename '/dev/null');
  CREATE SCHEMA org_mover;
  CREATE TABLE org_mover.guard (x int PRIMARY KEY)`

const TEMPLATE = { name: 'nasty_catalog', source: { sql: NASTY } }
const X = 'We"ird schema.Ta.ble "x"'

async function read(url: string): Promise<Catalog> {
  await using session = await Session.open({ url, role: 'read', label: 'cell-a/main', applicationName: 'org-mover', lockTimeoutMs: 2_000 })
  return await readCatalog(session)
}

async function nasty(cluster: ClusterName = 'a'): Promise<Catalog> {
  await using database = await freshDatabase({ cluster, template: TEMPLATE })
  return await read(database.url)
}

function tableIn(catalog: Catalog, key: string): Table {
  const found = catalog.tables.find((table) => tableKey(table) === key)
  if (found === undefined) throw new Error(`no table ${key}`)
  return found
}

function columnIn(table: Table, name: string): Column {
  const found = table.columns.find((column) => column.name === name)
  if (found === undefined) throw new Error(`no column ${name}`)
  return found
}

function indexIn(table: Table, isOne: (index: Index) => boolean): Index {
  const found = table.indexes.find(isOne)
  if (found === undefined) throw new Error('no such index')
  return found
}

describe('the catalog', () => {
  test('has tables and partitions, and no view, foreign or temporary table, nor anything of ours', async () => {
    await using database = await freshDatabase({ cluster: 'a', template: TEMPLATE })
    await database.query('CREATE TEMPORARY TABLE a_temporary (x int)')
    const catalog = await read(database.url)
    expect(catalog.tables.map(tableKey).sort()).toEqual([X, ...['base', 'derived', 'events', 'events_2024', 'events_2024_1', 'events_2024_rest', 'events_later', 'organizations', 'refs', 'uses'].map((name) => `public.${name}`)].sort())
    expect(catalog.schemas).toEqual(['We"ird schema', 'public'])
    expect(catalog.server).toMatchObject({ database: database.name, encoding: 'UTF8', timeline: 1, inRecovery: false })
    expect(catalog.server.versionNum).toBeGreaterThanOrEqual(150_000)
    expect(catalog.server.systemIdentifier).toMatch(/^\d{15,}$/)
    expect(catalog.extensions).toContainEqual({ name: 'citext', version: expect.any(String), schema: 'public' })
    expect(catalog.types).toContainEqual({ schema: 'public', name: 'mood', kind: 'e', shape: null, labels: ['sad', 'meh', 'ok', 'happy'], checks: [], roots: expect.any(Array) as unknown })
  })

  test('has columns with what their values are made of and how they are compared', async () => {
    const table = tableIn(await nasty(), X)
    expect(table.columns.map(({ name, type, baseType, equalitySchema }) => [name, type, tableKey(baseType), equalitySchema])).toEqual([
      ['Id', 'bigint', 'pg_catalog.int8', 'pg_catalog'],
      ['or"g', 'bigint', 'pg_catalog.int8', 'pg_catalog'],
      ['select', 'public.citext', 'public.citext', 'public'],
      ['one', 'public.email', 'public.citext', 'public'],
      ['emails', 'public.emails', 'public.citext', 'pg_catalog'],
      ['m', 'public.mood[]', 'public.mood', 'pg_catalog'],
      ['price', 'numeric(10,2)', 'pg_catalog.numeric', 'pg_catalog'],
      ['doubled', 'numeric', 'pg_catalog.numeric', 'pg_catalog'],
      ['j', 'json', 'pg_catalog.json', null],
      ['js', 'json[]', 'pg_catalog.json', null],
      ['v', 'character varying(20)', 'pg_catalog.varchar', 'pg_catalog'],
      ['p', 'public.pair', 'public.pair', 'pg_catalog'],
      ['s', 'public.span', 'public.span', 'pg_catalog'],
      ['ip', 'cidr', 'pg_catalog.cidr', 'pg_catalog'],
      ['parent_org', 'bigint', 'pg_catalog.int8', 'pg_catalog'],
      ['parent_id', 'bigint', 'pg_catalog.int8', 'pg_catalog'],
    ])
    expect(columnIn(table, 'or"g')).toMatchObject({ attnum: 3, notNull: true, default: null })
    expect(columnIn(table, 'm')).toMatchObject({ default: "'{ok}'::public.mood[]", typeName: { schema: 'public', name: '_mood' } })
    expect(columnIn(table, 'doubled')).toMatchObject({ generated: '(price * (2)::numeric)', default: null })
    expect(columnIn(table, 'emails').typeKind).toBe('d')
    const organizations = tableIn(await nasty(), 'public.organizations')
    expect(columnIn(organizations, 'id')).toMatchObject({ identity: 'always', default: null, collation: null })
    expect(columnIn(organizations, 'name')).toMatchObject({ collation: 'pg_catalog."C"' })
  })

  test('has indexes with their keys, predicates and operators', async () => {
    const table = tableIn(await nasty(), X)
    expect(table.indexes).toHaveLength(5)
    expect(indexIn(table, (index) => index.isPrimary)).toMatchObject({ columns: ['or"g', 'Id'], expressions: ['"or""g"', '"Id"'], isUnique: true, isImmediate: true, isValid: true, predicate: null, exclusionOperators: null })
    expect(indexIn(table, (index) => !index.isImmediate)).toMatchObject({ columns: ['v'], isUnique: true })
    expect(indexIn(table, (index) => index.nullsNotDistinct)).toMatchObject({ columns: ['price', 'v'] })
    expect(indexIn(table, (index) => index.isExclusion)).toMatchObject({
      name: 'no overlap',
      isUnique: false,
      method: 'gist',
      columns: ['or"g', 's'],
      predicate: '(price > (1)::numeric)',
      exclusionOperators: ['OPERATOR(pg_catalog.=)', 'OPERATOR(pg_catalog.&&)'],
    })
    expect(indexIn(table, (index) => index.name === 'expr index')).toMatchObject({
      columns: [null, null, 'select'],
      expressions: ['lower((v)::text)', '((price + (1)::numeric))', '"select"'],
      predicate: '(v IS NOT NULL)',
      isUnique: false,
      definition: expect.stringContaining('INCLUDE (ip)'),
    })
  })

  test('has an index that a failed CONCURRENTLY left behind, as invalid', async () => {
    await using database = await freshDatabase({ cluster: 'a', template: TEMPLATE })
    await database.query(`INSERT INTO public.base VALUES (1, 'same'), (2, 'same')`)
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY half ON public.base (x)')).rejects.toThrow()
    expect(indexIn(tableIn(await read(database.url), 'public.base'), (index) => index.name === 'half')).toMatchObject({ isValid: false, isUnique: true })
  })

  test('has partitions of all levels with bounds, keys and summed sizes, and inheritance told apart', async () => {
    const catalog = await nasty()
    const root = { schema: 'public', name: 'events' }
    expect(tableIn(catalog, 'public.events')).toMatchObject({ kind: 'partitioned', isPartition: false, parents: [], partitionKey: 'RANGE (at)', partitionBound: null, rowEstimate: 150 })
    expect(tableIn(catalog, 'public.events_2024')).toMatchObject({ kind: 'partitioned', isPartition: true, parents: [root], partitionKey: 'LIST (org)', partitionBound: "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')", rowEstimate: 150 })
    expect(tableIn(catalog, 'public.events_2024_1')).toMatchObject({ kind: 'ordinary', isPartition: true, partitionBound: "FOR VALUES IN ('1')", partitionKey: null, rowEstimate: 100, bytes: 8192 })
    expect(tableIn(catalog, 'public.events_2024_rest')).toMatchObject({ partitionBound: 'DEFAULT', rowEstimate: 50 })
    expect(tableIn(catalog, 'public.events').bytes).toBe(16_384)
    expect(tableIn(catalog, 'public.events_later')).toMatchObject({ kind: 'partitioned', rowEstimate: 0, bytes: 0 })
    expect(tableIn(catalog, 'public.derived')).toMatchObject({ isPartition: false, parents: [{ schema: 'public', name: 'base' }] })
  })

  test('knows no estimate of a table that was never analyzed', async () => {
    await using database = await freshDatabase({ cluster: 'a' })
    await database.query('CREATE TABLE public.young (id int); CREATE TABLE public.parts (id int) PARTITION BY LIST (id); CREATE TABLE public.part PARTITION OF public.parts DEFAULT')
    const catalog = await read(database.url)
    expect(tableIn(catalog, 'public.young').rowEstimate).toBeNull()
    expect(tableIn(catalog, 'public.parts').rowEstimate).toBeNull()
  })

  test('has foreign keys once each, composite and self-referencing ones with their columns in order', async () => {
    const { foreignKeys } = await nasty()
    const shown = foreignKeys.map((key) => `${tableKey(key.table)}(${key.columns.join(',')}) -> ${tableKey(key.references)}(${key.referencedColumns.join(',')})`)
    expect(shown).toEqual([
      `${X}(or"g) -> public.organizations(id)`,
      `${X}(parent_org,parent_id) -> ${X}(or"g,Id)`,
      'public.events(org) -> public.organizations(id)',
      'public.refs(org,at,event) -> public.events(org,at,id)',
    ])
    expect(foreignKeys[0]).toMatchObject({ onDelete: 'cascade', deferrable: false, validated: true, matchFull: false })
    expect(foreignKeys[1]).toMatchObject({ name: 'itself', deferrable: true, matchFull: true })
    expect(foreignKeys[3]).toMatchObject({ onDelete: 'set null', validated: false })
  })

  test('has checks, triggers, rules, row security and persistence', async () => {
    const catalog = await nasty()
    expect(tableIn(catalog, X)).toMatchObject({ checks: [{ expression: '(price > (0)::numeric)' }], triggers: [], rowSecurity: { enabled: true, forced: true }, bypassesRowSecurity: true })
    expect(tableIn(catalog, 'public.refs').checks).toEqual([{ name: 'young', expression: '(id > 5)' }])
    expect(tableIn(catalog, 'public.base')).toMatchObject({ triggers: [{ name: 'always', enabled: 'A', function: 'public.note' }], rules: ['quiet'] })
    expect(tableIn(catalog, 'public.events_2024_1').triggers).toEqual([{ name: 'note', enabled: 'O', function: 'public.note' }])
    expect(tableIn(catalog, 'public.uses').persistence).toBe('unlogged')
  })

  test('has sequences with the columns that each serves and where it stands, exact beyond 2^53', async () => {
    const { sequences } = await nasty()
    expect(sequences).toMatchObject([
      { schema: 'We"ird schema', usedBy: [{ table: { schema: 'We"ird schema', name: 'Ta.ble "x"' }, column: 'Id' }], lastValue: null },
      { name: 'by_default', usedBy: [{ table: { schema: 'public', name: 'uses' }, column: 'id' }], lastValue: '9007199254740993', max: '9223372036854775807' },
      { name: 'free', usedBy: [], increment: '5', max: '1000', cycle: true, lastValue: '1' },
      { name: 'organizations_id_seq', usedBy: [{ table: { schema: 'public', name: 'organizations' }, column: 'id' }], lastValue: '2' },
    ])
  })

  test('says what a role without rights may not do, and does not fail for want of them', async () => {
    await using database = await freshDatabase({ cluster: 'a', template: TEMPLATE })
    const role = `weak_${database.name}`
    const url = new URL(database.url)
    url.username = role
    url.password = 'weak'
    await administrator('a').query(`CREATE ROLE ${role} LOGIN PASSWORD 'weak'`)
    try {
      await database.query(`GRANT SELECT ON public.organizations TO ${role}; CREATE TABLE public.mine (id int); ALTER TABLE public.mine OWNER TO ${role}; ALTER TABLE public.mine ENABLE ROW LEVEL SECURITY`)
      const catalog = await read(url.href)
      const none = { select: false, insert: false, update: false, delete: false, trigger: false }
      expect(tableIn(catalog, X)).toMatchObject({ privileges: none, bypassesRowSecurity: false, isOwner: false })
      expect(tableIn(catalog, 'public.organizations').privileges).toEqual({ ...none, select: true })
      expect(tableIn(catalog, 'public.mine')).toMatchObject({ privileges: { select: true, trigger: true }, bypassesRowSecurity: true, isOwner: true })
      expect(catalog.sequences.map((sequence) => sequence.lastValue)).toEqual([null, null, null, null])
      await database.query('ALTER TABLE public.mine FORCE ROW LEVEL SECURITY')
      expect(tableIn(await read(url.href), 'public.mine').bypassesRowSecurity).toBe(false)
    } finally {
      await database.query(`DROP OWNED BY ${role}`)
      await administrator('a').query(`DROP ROLE ${role}`)
    }
  })

  test('of two cells with one schema does not differ, whatever their object ids are', async () => {
    const [a, b] = [await nasty('a'), await nasty('b')]
    expect(a.server.systemIdentifier).not.toBe(b.server.systemIdentifier)
    expect(compareTables(a, b, a.tables, { cell: 'cell-b', database: 'main' })).toEqual([])
    expect(catalogFingerprint(a, a.tables)).toEqual(catalogFingerprint(b, b.tables))
  })

  test('is read without waiting for, or holding up, whoever holds a table', async () => {
    await using database = await freshDatabase({ cluster: 'a', template: TEMPLATE })
    const writer = await database.connect()
    await writer.query('BEGIN; LOCK TABLE public.organizations IN EXCLUSIVE MODE; LOCK TABLE public.base IN SHARE ROW EXCLUSIVE MODE')
    expect((await read(database.url)).tables.length).toBeGreaterThan(0)
    await using session = await Session.open({ url: database.url, role: 'read', label: 'cell-a/main', applicationName: 'org-mover', lockTimeoutMs: 2_000 })
    await readCatalog(session)
    expect(await database.query(`SELECT relation::regclass::text FROM pg_locks WHERE pid = $1 AND relation IS NOT NULL`, [session.backendPid])).toEqual([])
    await writer.query('ROLLBACK')
  })
})
