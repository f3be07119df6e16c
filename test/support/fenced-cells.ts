import { cellsInProcess } from './cells-in-process.js'
import type { CellsInProcess, CellsOptions } from './cells-in-process.js'
import type { TestDatabase } from './database.js'

/**
 * Two cells with every way in which a write can reach a row: organizations 1 to 3, 6 and 7 on `a`, 4 and 5 on `b`. Organization n has project 10n,
 * notes 10n and 10n + 1 below it, and so on; it is on plan n, so that one statement, with the number put in, is the same for each.
 */
const TABLES = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE plans (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
  CREATE TABLE projects (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, title text NOT NULL DEFAULT '');
  CREATE INDEX ON projects (organization_id);
  CREATE TABLE notes (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE, body text);
  CREATE INDEX ON notes (project_id);
  CREATE TABLE contracts (id bigint PRIMARY KEY, organization_id bigint NOT NULL, plan_id bigint REFERENCES plans ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE INDEX ON contracts (organization_id);
  CREATE TABLE badges (id bigint PRIMARY KEY, organization_id bigint NOT NULL, plan_id bigint REFERENCES plans ON DELETE SET NULL ON UPDATE SET NULL);
  CREATE INDEX ON badges (organization_id);
  CREATE TABLE events (id bigint, at date, organization_id bigint NOT NULL, body text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE INDEX ON events (organization_id);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE events_9 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
  CREATE TABLE documents (id bigint PRIMARY KEY, payload jsonb NOT NULL, organization_id bigint NOT NULL GENERATED ALWAYS AS ((payload ->> 'org')::bigint) STORED);
  CREATE INDEX ON documents (organization_id);
  CREATE TABLE filled (id bigint PRIMARY KEY, organization_id bigint NOT NULL, body text);
  CREATE INDEX ON filled (organization_id);
  -- its name sorts after the fence's, and it fills and changes the key
  CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.body LIKE 'of %' THEN NEW.organization_id := split_part(NEW.body, ' ', 2)::bigint; END IF; RETURN NEW; END $$;
  CREATE TRIGGER zz_fill BEFORE INSERT OR UPDATE ON filled FOR EACH ROW EXECUTE FUNCTION fill();
  CREATE TABLE aside (id bigint PRIMARY KEY);
  CREATE VIEW titles AS SELECT id, organization_id, title FROM projects;
  CREATE VIEW written AS SELECT id, organization_id, title FROM projects;
  CREATE RULE written_insert AS ON INSERT TO written DO INSTEAD INSERT INTO projects VALUES (NEW.id, NEW.organization_id, NEW.title);
  CREATE FUNCTION retitle(org bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ UPDATE projects SET title = 'by a function' WHERE organization_id = org $$;
`

const ROWS = (orgs: readonly number[]): string => `
  INSERT INTO plans SELECT n, 'plan ' || n FROM generate_series(1, 7) AS n;
  INSERT INTO organizations SELECT unnest('{${orgs.join()}}'::bigint[]);
  INSERT INTO projects SELECT 10 * id, id, 'project' FROM organizations;
  INSERT INTO notes SELECT 10 * o.id + n, 10 * o.id, 'note' FROM organizations AS o, generate_series(0, 1) AS n;
  INSERT INTO contracts SELECT 10 * id, id, id FROM organizations;
  INSERT INTO badges SELECT 10 * id, id, id FROM organizations;
  INSERT INTO events SELECT 10 * o.id + n, ('2024-06-01'::date + n * 365), o.id, 'event' FROM organizations AS o, generate_series(0, 1) AS n;
  INSERT INTO documents SELECT 10 * id, jsonb_build_object('org', id) FROM organizations;
  INSERT INTO filled SELECT 10 * id, 0, 'of ' || id FROM organizations;
  ANALYZE;
`

export async function fencedCells(config: Readonly<Record<string, unknown>> = {}, cell: Readonly<Record<string, unknown>> = {}, connectAs?: CellsOptions['connectAs']): Promise<CellsInProcess> {
  return cellsInProcess({
    cell,
    ...(connectAs === undefined ? {} : { connectAs }),
    databases: ['main'],
    orgs: ['1', '2', '3', '6', '7'],
    setUp: (cell) => TABLES + ROWS(cell === 'a' ? [1, 2, 3, 6, 7] : [4, 5]),
    config: { tenancy: { tables: { 'public.plans': { exempt: 'lookup', match_by: ['name'] }, 'public.aside': { exempt: 'skip' } } }, lock_timeout: '2s', ...config },
  })
}

export function mainOf(cells: CellsInProcess, cell: 'a' | 'b'): TestDatabase {
  const main = cells.databases[cell].get('main')
  if (main === undefined) throw new Error(`no database main on ${cell}`)
  return main
}

export interface Refusal {
  readonly code: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly message: string
}

/** What the statements end with: null where they pass, which they do not for good. */
export async function tried(database: Pick<TestDatabase, 'query'>, ...statements: readonly string[]): Promise<Refusal | null> {
  await database.query('BEGIN')
  try {
    for (const statement of statements) await database.query(statement)
    // what is deferred to the end counts
    await database.query('SET CONSTRAINTS ALL IMMEDIATE')
    return null
  } catch (error) {
    return refusalOf(error)
  } finally {
    await database.query('ROLLBACK')
  }
}

export function refusalOf(error: unknown): Refusal {
  const text = (field: string): string => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, field) : null
    return typeof value === 'string' ? value : ''
  }
  const detail: unknown = text('code') === 'OM001' ? JSON.parse(text('detail')) : {}
  return { code: text('code'), detail: typeof detail === 'object' && detail !== null ? { ...detail } : {}, message: text('message') }
}
