import { describe, expect, it } from 'vitest'
import { load, MINIMAL } from './support.js'

const CONFIG = `${MINIMAL}tenancy: {dictionary: ./dictionary, tables: {public.notes: {unowned: stay}}}\n`

describe('a directory in the format of GitLab', () => {
  it('is read recursively, without views, dropped tables and other files', async () => {
    const { tenancy } = await load(CONFIG, {}, {
      'dictionary/notes.yml': `---
table_name: notes
classes: [Note]
milestone: 15.10
gitlab_schema: gitlab_main_org
sharding_key:
  project_id: projects
  namespace_id: namespaces
allow_cross_joins:
- gitlab_main_clusterwide
table_size: large
`,
      'dictionary/ci/scans.yaml': `table_name: ci.scans
gitlab_schema: gitlab_sec
exempt_from_sharding: false
desired_sharding_key:
  project_id:
    references: projects
    backfill_via:
      parent: {foreign_key: scanner_id, table: scanners, table_primary_key: uuid, sharding_key: project_id, belongs_to: scanner}
  group_id: {references: namespaces, awaiting_backfill: true}
move: {database: [main, ci], exempt: shared, differ_by: [seen_at], purge: unreferenced, inbound: stay}
`,
      'dictionary/empty.yml': '',
      'dictionary/views/v.yml': 'table_name: v\nsharding_key: 1\n',
      'dictionary/deleted_tables/d.yml': 'table_name: notes\n',
      'dictionary/active_users.yml': 'view_name: active_users\nsharding_key: {a: b}\n',
      'dictionary/jobs/job.yml': 'migration_job_name: Backfill\ngitlab_schema: gitlab_main\n',
      'dictionary/README.md': 'table_name: no',
    })
    expect(tenancy.hasDictionary).toBe(true)
    expect(tenancy.entries.map(({ table, origin, place, class: c }) => [table, origin, place.replace(/^.*\//, ''), c])).toEqual([
      ['ci.scans', 'dictionary', 'scans.yaml:1', 'gitlab_sec'],
      ['notes', 'dictionary', 'notes.yml:2', 'gitlab_main_org'],
      ['public.notes', 'config', 'org-mover.yaml tenancy.tables["public.notes"]', null],
    ])
    expect(tenancy.entries[0]).toMatchObject({
      place: 'dictionary/ci/scans.yaml:1',
      desiredShardingKey: [{ column: 'project_id', foreignKey: 'scanner_id', parent: 'scanners', parentKey: 'uuid' }],
      shardingKey: [],
      database: ['main', 'ci'],
      exempt: 'shared',
      differBy: ['seen_at'],
      purge: 'unreferenced',
      inbound: 'stay',
    })
    expect(tenancy.entries[1]?.shardingKey).toEqual([
      { columns: ['project_id'], table: 'projects', referencedColumns: null },
      { columns: ['namespace_id'], table: 'namespaces', referencedColumns: null },
    ])
  })

  it('is reported with every problem of every file at once', async () => {
    const { tenancy } = await load(CONFIG, {}, {
      'dictionary/a.yml': 'table_name: notes\nmove:\n  exmpt: skip\n',
      'dictionary/b.yml': 'table_name: notes\nsharding_key: organization_id\n',
      'dictionary/c.yml': 'table_name: 7\n',
      'dictionary/d.yml': 'table_name: one\n',
      'dictionary/e.yml': '# again\ntable_name: one\n',
      'dictionary/f.yml': 'table_nme: slip\nsharding_key: {a: b}\n',
      'dictionary/g.yml': 'table_name: [\n',
    })
    const { problems } = tenancy
    expect(tenancy.entries.map(({ table }) => table), 'what can be read is, once').toEqual(['one', 'public.notes'])
    expect(problems).toHaveLength(6)
    for (const expected of [
      'dictionary/a.yml:3 move.exmpt: unknown key',
      'dictionary/b.yml:2 sharding_key: expected a mapping',
      'dictionary/c.yml:1 table_name: expected text',
      'dictionary/e.yml:2 table_name: one is described in dictionary/d.yml:1 already',
      'dictionary/f.yml:1 table_name: is required',
      'dictionary/g.yml:2 is not valid YAML',
    ]) {
      expect(problems).toContainEqual(expect.stringContaining(expected))
    }
  })
})
