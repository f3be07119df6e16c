import { expect, test } from 'vitest'
import { found } from '../support/found.js'

/** What the names of columns give away: never whose a row is, but that something must be said, and what it could be. */

test('a key column without a foreign key anywhere, named after another table than the root, is not read as the organization', async () => {
  // ids of both tables count from 1: project 1 of organization 2 would be taken for organization 1
  const both = 'CREATE TABLE builds (id bigint PRIMARY KEY, repository_id bigint); CREATE TABLE repositories (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations)'
  const source = 'INSERT INTO repositories VALUES (1, 2), (2, 1); INSERT INTO builds VALUES (1, 1), (2, 2)'
  const tenancy = { sharding_key: ['organization_id', 'repository_id'] }
  const { lines, of, changes } = await found({ both, source, tenancy })
  expect(lines).toEqual(['OM2101 error cell-a builds -'])
  expect(of('OM2101').message).toContain('repository_id has no foreign key anywhere, and its name says public.repositories rather than the organization')
  expect(of('OM2101').hint).toContain('sharding_key: {repository_id: repositories}')
  expect(changes).toEqual([])
  const declared = await found({ both, source, tenancy: { ...tenancy, tables: { 'public.builds': { sharding_key: { repository_id: 'repositories' } } } } })
  expect(declared.lines).toEqual([])
  expect(declared.plan.tables.find(({ table }) => table === 'builds')?.rows).toBe(1)
})

test('a table of a schema that is not listed is told, too, where its key column is only spelled otherwise', async () => {
  const { lines, plan } = await found({ both: 'CREATE SCHEMA events; CREATE TABLE events.runs (id bigint PRIMARY KEY, "organizationId" bigint); CREATE TABLE events.free (id bigint PRIMARY KEY, organization text)' })
  expect(lines).toEqual(['OM2122 error cell-a runs -'])
  // and what gives nothing away is named among what does not move
  expect(plan.notMoved.filter(({ why }) => why.includes('tenancy.schemas')).map(({ what }) => what)).toEqual(['main events.free', 'main events.runs'])
})

test('an unclassified table is told with what its foreign keys, its names and those that refer to it suggest', async () => {
  const both = `
    CREATE TABLE people (id bigint PRIMARY KEY); ALTER TABLE issues ADD FOREIGN KEY (created_by) REFERENCES people;
    CREATE TABLE loose (id bigint PRIMARY KEY, "sourceProjectId" bigint REFERENCES projects);
    CREATE TABLE stats (id bigint PRIMARY KEY, "issueId" bigint, project_id text);
    CREATE TABLE issue_templates (id bigint PRIMARY KEY);
    CREATE TABLE uses (id bigint PRIMARY KEY, issue_template_id bigint);
    CREATE TABLE remarks (id bigint PRIMARY KEY, on_type text, on_id bigint);
    CREATE TABLE fleets (id bigint PRIMARY KEY, part_of bigint REFERENCES fleets); CREATE TABLE ships (id bigint PRIMARY KEY, fleet bigint NOT NULL REFERENCES fleets);
    CREATE TABLE pilots (id bigint PRIMARY KEY, fleet bigint REFERENCES fleets)`
  const { plan } = await found({ both })
  const hints = Object.fromEntries(plan.findings.map(({ table, hint }) => [table, hint?.split('or query')[1]]))
  expect(hints).toEqual({
    people: '; public.issues with an owner refers to it: skip would leave them without their rows',
    loose: '; by its foreign keys: sharding_key: {sourceProjectId: projects}',
    // project_id is a text: it cannot be an id of projects
    stats: '; by no more than the names of its columns: sharding_key: {issueId: issues}',
    issue_templates: '',
    // named after templates of issues, not after issues
    uses: '',
    remarks: '; on_type and on_id look like a reference to several tables: query, with a where that looks into each of them',
    fleets: '; public.pilots and 1 more table that nothing decides either refer to it: what is declared here may decide them too',
    ships: '',
    pilots: '',
  })
})

test('rows without an owner are told with the keys that the rule does not count', async () => {
  const both = 'CREATE TABLE workers (id bigint PRIMARY KEY, organization_id bigint REFERENCES organizations, project_id bigint REFERENCES projects, issue_id bigint)'
  const { lines, of } = await found({ both, source: 'INSERT INTO workers VALUES (1, NULL, 11), (2, 1, 12)' })
  expect(lines).toContain('OM2103 error cell-a workers 1')
  expect(of('OM2103').hint).toContain('declare further keys if these lead to their owner (project_id -> public.projects; issue_id -> public.issues, by its name)')
  expect((await found({ both, source: 'INSERT INTO workers VALUES (1, NULL, 11), (2, 1, 12)', tenancy: { tables: { 'public.workers': { sharding_key: { organization_id: 'organizations', project_id: 'projects' } } } } })).lines).toEqual([])
})

test('rows whose second key leads nowhere are not said to be a neighbour\'s', async () => {
  const both = 'CREATE TABLE visits (id bigint PRIMARY KEY, project_id bigint, issue_id bigint)'
  const { of } = await found({ both, source: 'INSERT INTO visits VALUES (1, 11, 111), (2, 11, 404)', tenancy: { tables: { 'public.visits': { sharding_key: { project_id: 'projects', issue_id: 'issues' } } } } })
  expect(of('OM2105')).toMatchObject({ examples: [{ id: '2' }], message: expect.stringContaining("the key of another organization's row or of none") as string })
})
