import { expect, test } from 'vitest'
import { lintDictionary } from '../../src/move/lint-dictionary.js'
import { freshDatabase } from '../support/database.js'
import { configured, openRead } from '../support/discovered-cell.js'

const SLOPPY = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE projects (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations);
  CREATE INDEX ON projects (organization_id);
  CREATE TABLE project_settings (project_id bigint PRIMARY KEY REFERENCES projects);
  CREATE TABLE hooks (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES project_settings);
  CREATE INDEX ON hooks (project_id);
  CREATE TABLE users (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, seen date);
  CREATE INDEX ON users (organization_id);
  CREATE TABLE loose (id bigint PRIMARY KEY, project_id bigint NOT NULL);
  CREATE TABLE wrong (id bigint PRIMARY KEY, owner_id bigint NOT NULL REFERENCES users);
  CREATE INDEX ON wrong (owner_id);
  CREATE TABLE unsure (id bigint PRIMARY KEY, project_id bigint REFERENCES projects, user_id bigint REFERENCES users);
  CREATE INDEX ON unsure (project_id) WHERE project_id IS NOT NULL; CREATE INDEX ON unsure (user_id);
  CREATE TABLE sure (id bigint PRIMARY KEY, project_id bigint REFERENCES projects, user_id bigint REFERENCES users, CHECK (num_nonnulls(project_id, user_id) = 1));
  CREATE INDEX ON sure (project_id); CREATE INDEX ON sure (user_id);
  CREATE TABLE partly (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES projects);
  CREATE INDEX ON partly (project_id) WHERE id > 10;
  CREATE TABLE plans (id bigint PRIMARY KEY, name text, code text UNIQUE);
  CREATE TABLE tiers (id bigint PRIMARY KEY, name text);
  CREATE TABLE versions (id bigint PRIMARY KEY, item text, plan_id bigint NOT NULL);
  CREATE TABLE events (id bigint PRIMARY KEY, org uuid);
  CREATE TABLE forgotten (id bigint PRIMARY KEY);
`

const FILES: Readonly<Record<string, string>> = {
  projects: 'sharding_key: {organization_id: organizations}',
  project_settings: 'sharding_key: {project_id: projects}',
  hooks: 'sharding_key: {project_id: projects}',
  users: 'sharding_key: {organization_id: organizations}',
  loose: 'sharding_key: {project_id: projects}',
  wrong: 'sharding_key: {owner_id: projects}',
  unsure: 'sharding_key: {project_id: projects, user_id: users}',
  sure: 'sharding_key: {project_id: projects, user_id: users}',
  partly: 'sharding_key: {project_id: projects}',
  plans: 'move: {exempt: lookup, match_by: [name]}',
  tiers: 'move: {exempt: lookup, match_by: [title]}',
  versions: 'move: {exempt: query, where: "t.itm = :org", columns: {plan_id: {set: null}, plam_id: {lookup: plans}, item: {lookup: users}}}',
  events: 'move: {exempt: query, where: "t.org = :org", columns: {id: {secret: {codec: fernet, key: app, when: "t.kind = 1"}}}}',
  vanished: 'sharding_key: {id: projects}',
}

test('a dictionary is held against the live schema, every breach named with its severity', async () => {
  await using database = await freshDatabase({ cluster: 'a', template: { name: 'sloppy', source: { sql: SLOPPY } } })
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, 'tenancy: {dictionary: ., tables: {public.users: {differ_by: [sean]}}}\n')
  for (const [table, rule] of Object.entries(FILES)) await config.write(`${table}.yml`, `table_name: ${table}\n${rule}\n`)
  const settings = await config.load()
  const { checks, findings, error } = await lintDictionary({ settings, cell: 'cell-a', open: openRead(settings) })
  expect(error).toBeNull()
  expect(findings.map(({ code, severity, table, message }) => `${code} ${severity} ${table ?? '-'}: ${message.replace(/cell-a\/main: PostgreSQL rejected a statement: /, '')}`)).toEqual([
    'OM2101 error forgotten: nothing says who owns the rows of public.forgotten: it has neither a key column nor a foreign key',
    'OM2125 warning -: vanished.yml:1 describes table vanished, which no database of the cell has',
    'OM2125 error forgotten: no entry of the dictionary describes public.forgotten',
    'OM2125 warning loose: project_id of public.loose refers to public.projects, but no foreign key holds it to that',
    'OM2125 error wrong: wrong.yml:1: owner_id of public.wrong is declared to refer to public.projects, but its foreign key leads to public.users',
    "OM2118 warning loose: no index of public.loose begins with project_id: reading an organization's rows scans the whole table (0 MB)",
    "OM2118 warning partly: no index of public.partly begins with project_id: reading an organization's rows scans the whole table (0 MB)",
    'OM2125 warning unsure: project_id, user_id of public.unsure may all be NULL: such rows have no owner and stop a move',
    'OM2112 warning plans: no unique index of public.plans makes name a key: two rows that match would stop a move',
    'OM2125 error tiers: tiers.yml:1: public.tiers: match_by names title, which it does not have',
    'OM2125 error users: users.yml:1: public.users: differ_by names sean, which it does not have',
    'OM2125 error versions: versions.yml:1: public.versions: columns sets plan_id to NULL, which it may not be',
    'OM2125 error versions: versions.yml:1: public.versions: columns names plam_id, which it does not have',
    'OM2125 error versions: versions.yml:1: public.versions: columns remaps item through users, which is not declared lookup',
    'OM2111 error events: events.yml:1: when of column id of public.events: column t.kind does not exist (42703)',
    'OM2111 error versions: versions.yml:1: where of public.versions: column t.itm does not exist (42703)',
  ])
  expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['unclassified tables', 'tables without entry', 'foreign keys', 'lookup tables', 'columns', 'declared SQL'])
})
