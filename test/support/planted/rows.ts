import type { DifferenceKind } from '../../../src/domain/documents.js'
import { KINDS, PLANTED_VALUES, rowOf } from './values.js'

/** Something done to rows of the target after the copy, and what has to be said of it. */
export interface PlantedRows {
  readonly name: string
  readonly sql: string
  readonly found: readonly { readonly table: string; readonly key: Readonly<Record<string, string>> | null; readonly kind: DifferenceKind; readonly columns?: readonly string[] }[]
}

export const PLANTED_ROWS: readonly PlantedRows[] = [
  { name: 'a row lost', sql: 'DELETE FROM planted.notes WHERE id = 10', found: [{ table: 'notes', key: { id: '10' }, kind: 'missing' }] },
  { name: 'a row that nobody sent', sql: `INSERT INTO planted.notes (id, organization_id, title) VALUES (11, 1, 'x')`, found: [{ table: 'notes', key: { id: '11' }, kind: 'extraneous' }] },
  { name: "a neighbour's row given to the organization", sql: 'UPDATE planted.notes SET organization_id = 1 WHERE id = 900', found: [{ table: 'notes', key: { id: '900' }, kind: 'extraneous' }] },
  { name: 'a row given to a neighbour', sql: 'UPDATE planted.notes SET organization_id = 9 WHERE id = 20', found: [{ table: 'notes', key: { id: '20' }, kind: 'mismatching', columns: ['organization_id'] }] },
  { name: 'one lost and another given instead', sql: 'DELETE FROM planted.notes WHERE id = 80; UPDATE planted.notes SET organization_id = 1 WHERE id = 901', found: [{ table: 'notes', key: { id: '80' }, kind: 'missing' }, { table: 'notes', key: { id: '901' }, kind: 'extraneous' }] },
  { name: 'a row moved beyond the bound of its chunk', sql: 'UPDATE planted.notes SET id = 31 WHERE id = 30', found: [{ table: 'notes', key: { id: '30' }, kind: 'missing' }, { table: 'notes', key: { id: '31' }, kind: 'extraneous' }] },
  { name: 'the keys of two rows exchanged', sql: 'UPDATE planted.notes SET id = -1 WHERE id = 40; UPDATE planted.notes SET id = 40 WHERE id = 50; UPDATE planted.notes SET id = 50 WHERE id = -1', found: [{ table: 'notes', key: { id: '40' }, kind: 'mismatching', columns: ['title'] }, { table: 'notes', key: { id: '50' }, kind: 'mismatching', columns: ['title'] }] },
  {
    name: 'a generated column that another function made',
    sql: 'CREATE OR REPLACE FUNCTION planted.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1 * 2 + 1; UPDATE planted.notes SET n = n WHERE id = 60; CREATE OR REPLACE FUNCTION planted.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1 * 2',
    found: [{ table: 'notes', key: { id: '60' }, kind: 'mismatching', columns: ['doubled'] }],
  },
  { name: 'two columns of a row swapped', sql: 'UPDATE planted.notes SET title = body, body = title WHERE id = 70', found: [{ table: 'notes', key: { id: '70' }, kind: 'mismatching', columns: ['body', 'title'] }] },
  { name: 'the id that a lookup row has on the source', sql: 'UPDATE planted.subscriptions SET plan_id = 1 WHERE id = 1', found: [{ table: 'subscriptions', key: { id: '1' }, kind: 'mismatching', columns: ['plan_id'] }] },
  { name: 'another row of the lookup table', sql: 'UPDATE planted.subscriptions SET plan_id = 21 WHERE id = 2', found: [{ table: 'subscriptions', key: { id: '2' }, kind: 'mismatching', columns: ['plan_id'] }] },
  { name: 'a row lost of a table without key', sql: `DELETE FROM planted.loose WHERE label = 'lost'`, found: [{ table: 'loose', key: null, kind: 'missing' }] },
  { name: 'a row that stands twice in a table without key', sql: `INSERT INTO planted.twins SELECT * FROM planted.twins LIMIT 1`, found: [{ table: 'twins', key: null, kind: 'extraneous' }] },
  { name: 'one of two equal rows lost in a table without key', sql: `DELETE FROM planted.pairs_of WHERE ctid = (SELECT min(ctid) FROM planted.pairs_of WHERE organization_id = 1)`, found: [{ table: 'pairs_of', key: null, kind: 'missing' }] },
  { name: 'a key of another partition', sql: `UPDATE planted.events SET day = '2025-01-01' WHERE id = 1`, found: [{ table: 'events', key: { id: '1', day: '2024-01-01' }, kind: 'missing' }, { table: 'events', key: { id: '1', day: '2025-01-01' }, kind: 'extraneous' }] },
  { name: 'case in a key that ignores it', sql: `UPDATE planted.handles SET name = 'WORD' WHERE name = 'word'`, found: [{ table: 'handles', key: { name: 'word' }, kind: 'missing' }, { table: 'handles', key: { name: 'WORD' }, kind: 'extraneous' }] },
  { name: 'the name of the organization itself', sql: `UPDATE planted.organizations SET name = 'One' WHERE id = 1`, found: [{ table: 'organizations', key: { id: '1' }, kind: 'mismatching', columns: ['name'] }] },
]

const SCHEMA = `
  CREATE SCHEMA planted; CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION hstore SCHEMA public;
  CREATE COLLATION planted.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TYPE planted.mood AS ENUM ('sad', 'glad'); CREATE TYPE planted.pair AS (one integer, two text); CREATE DOMAIN planted.price AS numeric; CREATE DOMAIN planted.padded AS bpchar;
  CREATE TYPE planted.label AS (n integer, shown text);
  CREATE FUNCTION planted.shown(planted.label) RETURNS text IMMUTABLE LANGUAGE sql RETURN ($1).shown; CREATE CAST (planted.label AS text) WITH FUNCTION planted.shown(planted.label);
  CREATE FUNCTION planted.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1 * 2;
  CREATE TABLE planted.organizations (id bigint PRIMARY KEY, name text);
  CREATE TABLE planted.kinds (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES planted.organizations, ${Object.entries(KINDS).map(([name, type]) => `${name} ${type}`).join(', ')});
  CREATE TABLE planted.notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES planted.organizations, title text, body text, n integer, doubled integer GENERATED ALWAYS AS (planted.twice(n)) STORED);
  CREATE TABLE planted.plans (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
  CREATE TABLE planted.subscriptions (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES planted.organizations, plan_id bigint REFERENCES planted.plans);
  CREATE TABLE planted.loose (organization_id bigint NOT NULL REFERENCES planted.organizations, label text); CREATE TABLE planted.twins (LIKE planted.loose); CREATE TABLE planted.pairs_of (LIKE planted.loose);
  ALTER TABLE planted.twins ADD FOREIGN KEY (organization_id) REFERENCES planted.organizations; ALTER TABLE planted.pairs_of ADD FOREIGN KEY (organization_id) REFERENCES planted.organizations;
  CREATE TABLE planted.events (id bigint, day date, organization_id bigint NOT NULL REFERENCES planted.organizations, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE planted.events_1 PARTITION OF planted.events FOR VALUES FROM (MINVALUE) TO ('2025-01-01'); CREATE TABLE planted.events_2 PARTITION OF planted.events FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
  CREATE TABLE planted.handles (name text COLLATE planted.caseless PRIMARY KEY, organization_id bigint NOT NULL REFERENCES planted.organizations);
`

const ROWS = {
  a: [
    `INSERT INTO planted.organizations VALUES (1, 'one'), (2, 'two')`,
    `INSERT INTO planted.plans VALUES (1, 'free'), (2, 'paid'); INSERT INTO planted.subscriptions VALUES (1, 1, 1), (2, 1, 1), (3, 1, 2)`,
    `INSERT INTO planted.notes (id, organization_id, title, body, n) SELECT i * 10, 1, 'title ' || i, 'body', 1 FROM generate_series(1, 12) AS i`,
    `INSERT INTO planted.loose VALUES (1, 'kept'), (1, 'lost'); INSERT INTO planted.twins VALUES (1, 'one'); INSERT INTO planted.pairs_of VALUES (1, 'two'), (1, 'two')`,
    `INSERT INTO planted.events VALUES (1, '2024-01-01', 1), (2, '2025-01-01', 1)`,
    `INSERT INTO planted.handles VALUES ('word', 1), ('other', 1)`,
    ...PLANTED_VALUES.map((value, n) => rowOf(n + 1, '1', value)),
  ],
  b: [
    `INSERT INTO planted.organizations VALUES (9, 'nine')`,
    `INSERT INTO planted.plans VALUES (1, 'other'), (11, 'free'), (21, 'paid')`,
    `INSERT INTO planted.notes (id, organization_id, title) VALUES (900, 9, 'x'), (901, 9, 'title 8'), (902, 9, 'x')`,
  ],
} as const

/** What a cell holds before the move of organization 1; the same values stand on both sides after it. */
export function plantedCell(cell: 'a' | 'b'): string {
  return [SCHEMA, ...ROWS[cell]].join(';\n')
}

export const PLANTED_TENANCY = { schemas: ['planted'], root: 'planted.organizations', tables: { 'planted.plans': { exempt: 'lookup', match_by: ['name'] } } }
