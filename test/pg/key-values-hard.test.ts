import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'

interface Hard {
  readonly org: string
  readonly schema: Readonly<Record<string, string>>
  readonly rows: Readonly<Record<string, string>>
  /** `CODE severity database.table count values`, in the order of their text. */
  readonly told: readonly string[]
  /** Rows of the organization by table. */
  readonly owned: Readonly<Record<string, number>>
}

/** Schemas in which a key of one type stands beside a root of another, each with what they are told for. */
const HARD: Readonly<Record<string, Hard>> = {
  'an id beyond the type of some columns, numeric and name beside bigint': {
    org: '3000000000',
    schema: {
      main: `CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE ints (id bigint PRIMARY KEY, organization_id int); CREATE TABLE shorts (id bigint PRIMARY KEY, organization_id smallint); CREATE TABLE sums (id bigint PRIMARY KEY, organization_id numeric(20,2));
        CREATE TABLE names (id bigint PRIMARY KEY, organization_id name)`,
    },
    rows: { main: `INSERT INTO organizations VALUES (3000000000), (1); INSERT INTO ints VALUES (1, 1), (2, 5); INSERT INTO sums VALUES (1, 3000000000), (2, 1.5), (3, 1); INSERT INTO names VALUES (1, '+3000000000')` },
    told: ['OM2103 warning main.ints 1 5', 'OM2103 warning main.sums 1 1.50', 'OM2134 error main.names 1 1'],
    owned: { organizations: 1, ints: 0, shorts: 0, sums: 1, names: 0 },
  },
  'domains over text and bigint, nested, NOT NULL and checked': {
    org: '1',
    schema: {
      main: `CREATE DOMAIN word AS text NOT NULL CHECK (VALUE <> '09'); CREATE DOMAIN tenant AS word; CREATE DOMAIN number AS bigint CHECK (VALUE > 0); CREATE TABLE organizations (id number PRIMARY KEY);
        CREATE TABLE words (id bigint PRIMARY KEY, organization_id tenant); CREATE INDEX ON words (organization_id); CREATE TABLE numbers (id bigint PRIMARY KEY, organization_id number); CREATE TABLE plain (id bigint PRIMARY KEY, organization_id bigint)`,
    },
    rows: {
      main: `INSERT INTO organizations VALUES (1), (2); INSERT INTO words SELECT n, (1 + n % 2)::text::tenant FROM generate_series(1, 30000) AS n; INSERT INTO words VALUES (100001, '01'), (100002, 'zz'); INSERT INTO numbers VALUES (1, 1), (2, 77); INSERT INTO plain VALUES (1, -5), (2, 1)`,
    },
    told: ['OM2103 warning main.numbers 1 77', 'OM2103 warning main.plain 1 -5', 'OM2103 warning main.words 1 zz', 'OM2134 error main.words 1 100001'],
    owned: { organizations: 1, words: 15_000, numbers: 1, plain: 1 },
  },
  'partitions by a text key, an index of another operator class, and a table without partitions': {
    org: '1',
    schema: {
      main: `CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE parted (id bigint, organization_id varchar(9) COLLATE "C", PRIMARY KEY (id, organization_id)) PARTITION BY LIST (organization_id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN ('1', '01');
        CREATE TABLE parted_2 PARTITION OF parted DEFAULT PARTITION BY HASH (id); CREATE TABLE parted_21 PARTITION OF parted_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE parted_22 PARTITION OF parted_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE INDEX ON parted (organization_id text_pattern_ops); CREATE TABLE hollow (id bigint PRIMARY KEY, organization_id text) PARTITION BY RANGE (id)`,
    },
    rows: { main: `INSERT INTO organizations VALUES (1), (2); INSERT INTO parted VALUES (1, '1'), (2, '01'), (3, '2'), (4, ' 1'), (5, '1 '), (6, 'x')` },
    told: ['OM2103 warning main.parted 1 x', 'OM2134 error main.parted 3 2,4,5'],
    owned: { organizations: 1, parted: 1, hollow: 0 },
  },
  'the root in another database, two key columns of two types, values beyond any integer': {
    org: '1',
    schema: {
      main: 'CREATE TABLE organizations (id int PRIMARY KEY); CREATE TABLE pairs (id bigint PRIMARY KEY, organization_id bigint, tenant_id text)',
      ci: 'CREATE TABLE builds (id bigint PRIMARY KEY, organization_id bigint, tenant_id text)',
    },
    rows: {
      main: `INSERT INTO organizations VALUES (1), (2); INSERT INTO pairs VALUES (1, NULL, '1'), (2, 99999999999, NULL)`,
      ci: `INSERT INTO builds VALUES (1, 1, NULL), (2, 5, '99999999999999999999999'), (3, NULL, E'\\t1')`,
    },
    told: ['OM2103 warning ci.builds 1 5', 'OM2103 warning ci.builds 1 99999999999999999999999', 'OM2103 warning main.pairs 1 99999999999', 'OM2134 error ci.builds 1 3'],
    owned: { organizations: 1, pairs: 1, builds: 1 },
  },
  'text ids beside columns that call different texts equal': {
    org: 'acme',
    schema: {
      main: `CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE EXTENSION citext; CREATE TABLE organizations (id text PRIMARY KEY);
        CREATE TABLE caselesses (id bigint PRIMARY KEY, organization_id text COLLATE caseless); CREATE TABLE citexts (id bigint PRIMARY KEY, organization_id citext); CREATE TABLE texts (id bigint PRIMARY KEY, organization_id text)`,
    },
    rows: {
      main: `INSERT INTO organizations VALUES ('acme'), ('other'), ('ACME'); INSERT INTO caselesses VALUES (1, 'ACME'), (2, 'acme'), (3, 'none'); INSERT INTO citexts VALUES (1, 'Acme'), (2, 'none'), (3, 'OTHER'); INSERT INTO texts VALUES (1, 'Acme'), (2, 'acme')`,
    },
    told: ['OM2103 warning main.caselesses 1 3', 'OM2103 warning main.citexts 1 none', 'OM2103 warning main.texts 1 Acme', 'OM2134 error main.organizations 1 ACME'],
    // the ids are compared under the collation of the root's key, under which ACME is another; a type of its own, as citext, cannot be set aside so
    owned: { organizations: 1, caselesses: 1, citexts: 1, texts: 1 },
  },
  'a collation that passes over blanks': {
    org: '1',
    schema: { main: `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1-ka-shifted', deterministic = false); CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE notes (id bigint PRIMARY KEY, organization_id text COLLATE loose); CREATE INDEX ON notes (organization_id)` },
    rows: { main: `INSERT INTO organizations SELECT n FROM generate_series(1, 2000) AS n; INSERT INTO notes SELECT n, n::text FROM generate_series(2, 2000) AS n; INSERT INTO notes VALUES (90001, '01'), (90002, ' 1'), (90003, '1'), (90004, '１')` },
    told: ['OM2134 error main.notes 1 90001'],
    owned: { organizations: 1, notes: 3 },
  },
}

test.each(Object.entries(HARD))('P4: %s', async (_, { org, schema, rows, told, owned }) => {
  await using cells = await cellsInProcess({ databases: Object.keys(schema), orgs: [org], setUp: (cell, database) => `${schema[database] ?? ''}; ${cell === 'a' ? (rows[database] ?? '') : ''}`, config: { tenancy: { unowned: 'stay', sharding_key: ['organization_id', 'tenant_id'] } } })
  const { findings, tables } = await cells.app.plan({ org, to: 'cell-b' })
  const values = (examples: (typeof findings)[number]['examples']): string => examples.map((one) => Object.values(one)[0]).toSorted().join()
  expect(findings.map((one) => `${one.code} ${one.severity} ${one.database}.${one.table} ${one.count} ${values(one.examples)}`).toSorted()).toEqual(told.toSorted())
  expect(Object.fromEntries(tables.map(({ table, rows: count }) => [table, count]))).toEqual(owned)
})
