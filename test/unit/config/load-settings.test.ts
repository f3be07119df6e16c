import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../../src/config/load-settings.js'
import { STARTER_CONFIG } from '../../../src/config/starter.js'
import { failureOf, load, MINIMAL, withFiles } from './support.js'

describe('a minimal configuration', () => {
  it('gets every default', async () => {
    const settings = await load(MINIMAL)
    expect(settings.copy).toEqual({ jobs: 4, chunkRows: 100_000, maxBytesPerSecond: null })
    expect(settings).toMatchObject({ leaseMs: 30_000, lockTimeoutMs: 3000, drainTimeoutMs: 60_000, sequences: 'check', retentionMs: 604_800_000, confirmCutover: false })
    expect(settings.maintenance).toEqual({ fence: 'triggers', enter: [], ready: [], leave: [] })
    expect(settings.secrets).toEqual({ codecs: [], mode: 'inline', workers: null })
    expect(settings.tenancy).toEqual({
      root: { schema: 'public', name: 'organizations' },
      rootKey: 'id',
      shardingKey: ['organization_id'],
      unowned: 'error',
      schemas: ['public'],
      classes: new Map(),
      entries: [],
      hasDictionary: false,
      problems: [],
    })
    expect(settings.cells.get('cell-a')).toEqual({
      name: 'cell-a',
      keyring: null,
      transportKey: null,
      maxMoves: null, capacity: null,
      databases: new Map([['main', { url: 'postgres://a@localhost/a', readFrom: null, searchPath: null }]]),
    })
  })

  it('routes by the table that init creates', async () => {
    const { routing } = await load(MINIMAL)
    expect(routing).toEqual({
      kind: 'postgres',
      url: null,
      table: { schema: 'org_mover', name: 'route' },
      orgColumn: 'organization',
      cellColumn: 'cell',
      epochColumn: 'epoch',
      cellValues: new Map([
        ['cell-a', 'cell-a'],
        ['cell-b', 'cell-b'],
      ]),
      isOwn: true,
    })
  })

  it('may leave sections empty', async () => {
    expect((await load(`${MINIMAL}maintenance:\ntenancy:\n  tables:\n`)).tenancy.entries).toEqual([])
  })
})

describe('a full configuration', () => {
  const FULL = `cells:
  cell-a: {databases: {main: {url: "postgres://a/a", read_from: "postgres://r/a", search_path: "app, public"}}, keyring: ./keys/a.yaml}
  cell-b: {databases: {main: "\${CELL_B_URL}"}}
control: "postgres:///c?host=/run/postgresql"
routing:
  kind: postgres
  url: postgres://r/r
  table: public.routes.v2
  org_column: organization_id
  cell_column: cell_id
  cell_values: {cell-a: 1, cell-b: 9007199254740993}
tenancy:
  root: null
  sharding_key: [organization_id, org_id]
  unowned: stay
  schemas: [public, audit]
  classes:
    gitlab_ci: {database: ci}
    gitlab_shared_org: {database: [main, ci], exempt: skip}
  tables:
    public.plans: {exempt: lookup, match_by: [name], insert_missing: true}
    public.UserSession: {sharding_key: {userId: "User(uuid)"}}
    public.run_event: {sharding_key: {"run_id, run_created_at": "run(id, created_at)"}}
    public.message_bodies: {sharding_key: {id: messages}}
    public.scans: {desired_sharding_key: {project_id: {references: projects, backfill_via: {parent: {foreign_key: scanner_id, table: scanners, sharding_key: project_id, belongs_to: scanner}}}}}
    public.settings:
      columns:
        ratio: {set: 1.10}
        shard_id: {map: {1: 2, nfs-1: null}}
        plan_id: {lookup: plans}
        token: {secret: {codec: aes-256-gcm, key: app, nonce_bytes: 12}}
        config: {secret: [{codec: fernet, key: app, path: "$.a", when: "t.k = 1", clear: pass}, {codec: plaintext}]}
secrets: {codecs: [./codecs/ours.mjs]}
maintenance:
  enter: [{command: [bin/on], timeout: 500ms}]
  ready: [{sql: SELECT 0, cell: target, database: ci}]
  leave: [{http: "https://example.com/off"}, {sql: SELECT 1}]
copy: {jobs: \${JOBS}, max_bytes_per_second: 1000000}
lease: 1m30s
retention: 0
sequences: advance
confirm_cutover: true
`.replace('copy: {jobs: ${JOBS}, max_bytes_per_second: 1000000}', 'copy:\n  jobs: ${JOBS}\n  max_bytes_per_second: 1000000')

  it('becomes settings with absolute paths, milliseconds and text for every value of a database', async () => {
    const settings = await load(FULL, { CELL_B_URL: 'postgresql://b/b', JOBS: '7' })
    expect(settings.cells.get('cell-b')?.databases.get('main')?.url).toBe('postgresql://b/b')
    expect(settings.cells.get('cell-a')?.keyring).toMatch(/^\/.*\/keys\/a\.yaml$/)
    expect(settings.secrets.codecs[0]).toMatch(/^\/.*\/codecs\/ours\.mjs$/)
    expect(settings.routing).toMatchObject({ table: { schema: 'public', name: 'routes.v2' }, epochColumn: null, isOwn: false })
    expect(settings.routing).toMatchObject({ kind: 'postgres', cellValues: new Map([['cell-a', '1'], ['cell-b', '9007199254740993']]) })
    expect(settings.copy).toEqual({ jobs: 7, chunkRows: 100_000, maxBytesPerSecond: 1_000_000 })
    expect(settings).toMatchObject({ leaseMs: 90_000, retentionMs: 0, sequences: 'advance', confirmCutover: true })
    expect(settings.tenancy).toMatchObject({ root: null, shardingKey: ['organization_id', 'org_id'], unowned: 'stay', schemas: ['public', 'audit'] })
    expect(settings.tenancy.classes.get('gitlab_shared_org')).toEqual({ database: ['main', 'ci'], exempt: 'skip' })
    expect(settings.maintenance.enter).toEqual([{ kind: 'command', command: ['bin/on'], timeoutMs: 500 }])
    expect(settings.maintenance.ready).toEqual([{ kind: 'sql', sql: 'SELECT 0', side: 'target', database: 'ci', timeoutMs: 30_000, gapMs: 1_000, limitMs: 60_000 }])
    expect(settings.maintenance.leave[1]).toMatchObject({ kind: 'sql', side: null, database: 'main' })
  })

  it('has its inline entries in the form of the dictionary', async () => {
    const { tenancy } = await load(FULL, { CELL_B_URL: 'postgresql://b/b', JOBS: '7' })
    const entry = (table: string) => tenancy.entries.find((candidate) => candidate.table === table)
    expect(entry('public.plans')).toMatchObject({ origin: 'config', exempt: 'lookup', matchBy: ['name'], insertMissing: true, class: null })
    expect(entry('public.plans')?.place).toMatch(/org-mover\.yaml tenancy\.tables\["public\.plans"\]$/)
    expect(entry('public.UserSession')?.shardingKey).toEqual([{ columns: ['userId'], table: 'User', referencedColumns: ['uuid'] }])
    expect(entry('public.run_event')?.shardingKey).toEqual([{ columns: ['run_id', 'run_created_at'], table: 'run', referencedColumns: ['id', 'created_at'] }])
    expect(entry('public.message_bodies')?.shardingKey).toEqual([{ columns: ['id'], table: 'messages', referencedColumns: null }])
    expect(entry('public.scans')?.desiredShardingKey).toEqual([{ column: 'project_id', foreignKey: 'scanner_id', parent: 'scanners', parentKey: 'id' }])
    expect(entry('public.settings')?.columns).toEqual({
      ratio: { kind: 'set', value: '1.10' },
      shard_id: { kind: 'map', map: { 1: '2', 'nfs-1': null } },
      plan_id: { kind: 'lookup', table: 'plans' },
      token: { kind: 'secret', secrets: [{ codec: 'aes-256-gcm', key: 'app', path: null, when: null, clear: 'error', unreadable: 'stop', acceptLoss: null, options: { nonce_bytes: 12 } }] },
      config: {
        kind: 'secret',
        secrets: [
          { codec: 'fernet', key: 'app', path: '$.a', when: 't.k = 1', clear: 'pass', unreadable: 'stop', acceptLoss: null, options: {} },
          { codec: 'plaintext', key: '', path: null, when: null, clear: 'error', unreadable: 'stop', acceptLoss: null, options: {} },
        ],
      },
    })
  })
})

describe('the starter configuration', () => {
  it('loads once its variables are set', async () => {
    const settings = await load(STARTER_CONFIG, { CELL_A_URL: 'postgres://a/a', CELL_B_URL: 'postgres://b/b', CONTROL_URL: 'postgres://c/c' })
    expect([...settings.cells.keys()]).toEqual(['cell-a', 'cell-b'])
  })

  it('loads with every commented setting in force', async () => {
    const everything = STARTER_CONFIG.replaceAll(/^(\s*)# (?=\s*(?:[\w.-]+:|-))/gm, '$1').replaceAll(/^# (?=\s+\w+:)/gm, '')
    const env = Object.fromEntries(['CELL_A_URL', 'CELL_B_URL', 'CELL_B_CI_URL', 'CONTROL_URL', 'ROUTING_URL'].map((name) => [name, 'postgres://x/x']))
    const settings = await load(everything, env, { 'dictionary/.keep': '' })
    expect(settings.routing).toMatchObject({ isOwn: false })
    expect(settings.maintenance.leave).toHaveLength(1)
    expect(settings.tenancy.entries.length).toBeGreaterThan(5)
  })
})

describe('a wrong configuration', () => {
  it('is reported with every problem at once, by line', async () => {
    const { code, text } = await failureOf(
      `cells:
  cell-a: {databases: {main: mysql://x/y}}
  cell-b: {}
contrl: postgres://c/c
copy: {jobs: many, chunk_rows: 0, thread: 1}
lease: 30
routing: {table: routes, cell_values: {cell-c: 1}}
tenancy:
  tables:
    public.a: {exempt: maybe}
    public.b: {sharding_key: {"x, y": "t(x)"}}
    public.c: {columns: {token: {secret: {codec: fernet}}, other: {lookup: plans, extra: 1}}}
maintenance:
  ready: [{sql: SELECT 1, cel: source}]
`,
    )
    expect(code).toBe('OM1001')
    for (const expected of [
      'org-mover.yaml:2 cells.cell-a.databases.main: expected a URL postgres://',
      'org-mover.yaml:3 cells.cell-b.databases: is required',
      'org-mover.yaml:4 contrl: unknown key',
      'control: is required',
      'org-mover.yaml:5 copy.jobs: expected a number',
      'org-mover.yaml:5 copy.chunk_rows: must be at least 1',
      'org-mover.yaml:5 copy.thread: unknown key',
      'org-mover.yaml:6 lease: expected a duration such as',
      'org-mover.yaml:7 routing.table: expected schema.table',
      'org-mover.yaml:7 routing.cell_values.cell-c: no such cell',
      'org-mover.yaml:10 tenancy.tables["public.a"].exempt: expected skip or lookup or shared or query',
      'org-mover.yaml:11 tenancy.tables["public.b"].sharding_key["x, y"]: 2 columns on the left, 1 column on the right',
      'org-mover.yaml:12 tenancy.tables["public.c"].columns.token.secret.key: is required',
      'org-mover.yaml:12 tenancy.tables["public.c"].columns.other.extra: unknown key',
      'org-mover.yaml:14 maintenance.ready[0].cel: unknown key',
    ]) {
      expect(text).toContain(expected)
    }
  })

  const UNKNOWN_KEYS: readonly (readonly [string, string])[] = [
    ['top level', `${MINIMAL}typo: 1\n`],
    ['cells.cell-a', MINIMAL.replace('"postgres://a@localhost/a"}', '"postgres://a@localhost/a"}, typo: 1')],
    ['databases.main', MINIMAL.replace('"postgres://a@localhost/a"', '{url: "postgres://a/a", typo: 1}')],
    ['routing', `${MINIMAL}routing: {typo: 1}\n`],
    ['tenancy', `${MINIMAL}tenancy: {typo: 1}\n`],
    ['tenancy.classes', `${MINIMAL}tenancy: {classes: {c: {typo: 1}}}\n`],
    ['tenancy.tables', `${MINIMAL}tenancy: {tables: {public.a: {typo: 1}}}\n`],
    ['columns', `${MINIMAL}tenancy: {tables: {public.a: {columns: {c: {set: 1, typo: 1}}}}}\n`],
    ['secrets', `${MINIMAL}secrets: {typo: 1}\n`],
    ['maintenance', `${MINIMAL}maintenance: {typo: 1}\n`],
    ['hook', `${MINIMAL}maintenance: {enter: [{http: "https://x", typo: 1}]}\n`],
    ['copy', `${MINIMAL}copy: {typo: 1}\n`],
  ]
  it.each(UNKNOWN_KEYS)('has an unknown key under %s', async (_place, yaml) => {
    const { code, text } = await failureOf(yaml)
    expect(code).toBe('OM1001')
    expect(text).toMatch(/org-mover\.yaml:\d+ (?:.*\.)?typo: unknown key/)
    expect(text).toContain('has a problem:')
  })

  it.each([
    ['url without table', 'routing: {url: "postgres://r/r"}', 'routing.table: is required'],
    ['table without columns', 'routing: {table: public.routes}', 'routing.org_column: is required'],
    ['own table with other columns', 'routing: {org_column: x}', 'goes with a table of your own'],
    ['two cells with one value', 'routing: {cell_values: {cell-a: 1, cell-b: 1}}', 'stands for cell-a as well as for cell-b'],
    ['a value that is another cell', 'routing: {cell_values: {cell-a: cell-b}}', 'stands for cell-a as well as for cell-b'],
    ['a lock_timeout of zero', 'lock_timeout: 0', 'lock_timeout: must be longer than 0'],
    ['a lease that no timer holds', 'lease: 30d', 'lease: must be longer than 0 and shorter'],
    ['no directory', 'tenancy: {dictionary: ./nowhere}', 'tenancy.dictionary: this directory does not exist'],
    ['not a mapping', 'copy: [1]', 'copy: expected a mapping'],
  ])('contradicts itself: %s', async (_name, line, expected) => {
    expect((await failureOf(`${MINIMAL}${line}\n`)).text).toContain(expected)
  })

  it('limits organizations only where routes can be counted', async () => {
    const yaml = (routing: string): string => `cells: {cell-a: {databases: {main: "postgres://a/a"}, capacity: {organizations: 5}}}\ncontrol: "postgres://c/c"\n${routing}\n`
    expect((await failureOf(yaml('routing: {kind: command, command: [x]}'))).text).toContain('cells.cell-a.capacity.organizations: organizations can be counted in a routing table only')
    expect((await load(yaml(''))).cells.get('cell-a')?.capacity).toEqual({ bytes: null, organizations: 5, probe: null })
  })

  it('names a variable that is not set, and nothing that follows from it', async () => {
    const { text } = await failureOf(MINIMAL.replace('postgres://c@localhost/c', '"${CONTROL_URL}"').replace('postgres://a@', 'postgres://${USER_A}@'), { USER_A: 'a' })
    expect(text).toContain('org-mover.yaml:4 control: the environment variable CONTROL_URL is not set')
    expect(text).toContain('has a problem:')
  })

  it('may not be YAML, or not be there', async () => {
    expect(await failureOf('cells: [\n')).toMatchObject({ code: 'OM1001', text: expect.stringContaining('org-mover.yaml:2 is not valid YAML') })
    expect(await failureOf('- 1\n')).toMatchObject({ code: 'OM1001', text: expect.stringContaining('expected a mapping') })
    expect(await failureOf('')).toMatchObject({ code: 'OM1001' })
    await withFiles({}, async (directory) => {
      await expect(loadSettings(`${directory}/none.yaml`, {})).rejects.toMatchObject({ code: 'OM1002', message: expect.stringContaining('does not exist') })
      await expect(loadSettings(directory, {})).rejects.toMatchObject({ code: 'OM1002', message: expect.stringContaining('cannot be read') })
    })
  })
})

describe('a credential (P8)', () => {
  const SECRET = 'hunter2'
  it.each([
    ['a URL of another kind', `cells: {a: {databases: {main: "mysql://u:${SECRET}@h/d"}}}\ncontrol: "postgres://u:${SECRET}@h:port/d"\n`],
    ['a URL as a key', `cells: {a: {databases: {"postgres://u:${SECRET}@h/d"}}}\ncontrol: x\n`],
    ['a URL where a mapping should be', `cells: {a: "postgres://u:${SECRET}@h/d"}\ncontrol: [postgres://u:${SECRET}@h/d]\n`],
    ['a quoting slip', `cells:\n  a: "postgres://u:"${SECRET}@h/d"\ncontrol: "x\n`],
    ['a value of the wrong kind', `${MINIMAL}lease: ${SECRET}\nsequences: ${SECRET}\n${SECRET}: 1\ncopy: ${SECRET}\n`.replace(`${SECRET}: 1\n`, '')],
    ['a secret rule', `${MINIMAL}tenancy: {tables: {public.a: {columns: {c: {secret: {codec: 1, key: 2, path: [${SECRET}]}}}}}}\n`],
  ])('is not in the message: %s', async (_name, yaml) => {
    expect((await failureOf(yaml)).text).not.toContain(SECRET)
  })

  it('from the environment is not in the message either', async () => {
    const { text } = await failureOf(`${MINIMAL}lease: "\${A}"\nrouting: {url: "\${A}"}\n`, { A: `http://u:${SECRET}@h` })
    expect(text).toContain('lease: expected a duration')
    expect(text).not.toContain(SECRET)
  })
})
