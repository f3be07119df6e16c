import { describe, expect, it } from 'vitest'
import { classificationFindings } from '../../src/checks/classification-findings.js'
import type { Catalog } from '../../src/domain/catalog.js'
import { classify } from '../../src/domain/classify.js'
import { isOwned } from '../../src/domain/ownership.js'
import type { Alternative, Unit } from '../../src/domain/ownership.js'
import type { Tenancy } from '../../src/domain/tenancy.js'
import { buildCatalog, buildTenancy, described, inline, PARTITIONED, partitionOf } from '../support/catalog-builder.js'

const ORGANIZATIONS = { organizations: 'id pk' }

/** Each unit in one line, by its name. */
function outcome(catalogs: Catalog | Readonly<Record<string, Catalog>>, tenancy: Partial<Tenancy> = {}): Readonly<Record<string, string>> {
  const several = 'tables' in catalogs ? { main: catalogs as Catalog } : catalogs
  const { units } = classify(new Map(Object.entries(several)), buildTenancy(tenancy))
  const prefix = (unit: Unit): string => ('tables' in catalogs ? '' : `${unit.id.database}:`) + (unit.id.schema === 'public' ? '' : `${unit.id.schema}.`)
  return Object.fromEntries(units.map((unit) => [`${prefix(unit)}${unit.id.name}`, line(unit)]))
}

function line(unit: Unit): string {
  if (unit.class === 'unclassified') return `unclassified: ${unit.reason}`
  if ('strategy' in unit) return unit.strategy
  if (unit.ownership.kind === 'query') return 'query'
  return `${unit.class === 'root' ? 'root ' : ''}${unit.ownership.alternatives.map(alternative).join(' or ')}`
}

function alternative(one: Alternative): string {
  return one.kind === 'direct' ? one.column : `${one.columns.join('+')} -> ${one.parent.database === 'main' ? '' : `${one.parent.database}:`}${one.parent.name}(${one.parentColumns.join('+')})`
}

function findings(catalog: Catalog, tenancy: Partial<Tenancy> = {}): readonly string[] {
  const [catalogs, full] = [new Map([['main', catalog]]), buildTenancy(tenancy)]
  return classificationFindings('cell-a', catalogs, full, classify(catalogs, full)).map((found) => `${found.code} ${found.severity} ${found.schema === null ? '' : `${found.schema}.${found.table}`}: ${found.message}`)
}

function otherChains(catalog: Catalog, name: string): readonly string[] {
  const unit = classify(new Map([['main', catalog]]), buildTenancy()).units.find((one) => one.id.name === name)
  return unit !== undefined && isOwned(unit) ? unit.otherChains.map(alternative) : []
}

describe('a key column', () => {
  it('makes a table direct under every configured name, and any_of where it has several', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, a: 'id pk, tenantId!', b: 'id pk, tenant_id', c: 'id pk, tenantId, tenant_id', d: 'id pk, tenantid' })
    expect(outcome(catalog, { shardingKey: ['tenantId', 'tenant_id'] })).toEqual({
      organizations: 'root id',
      a: 'tenantId',
      b: 'tenant_id',
      c: 'tenantId or tenant_id',
      d: 'unclassified: it has neither a key column nor a foreign key',
    })
  })

  it('without a foreign key refers to what columns of its name refer to elsewhere, and decides nothing where those disagree or cannot be compared', () => {
    const projects = { ...ORGANIZATIONS, projects: 'id pk, organization_id! > organizations', issues: 'id pk, project_id! > projects' }
    const tenancy = { shardingKey: ['organization_id', 'project_id'] }
    expect(outcome(buildCatalog({ ...projects, events: 'id pk, project_id!', both: 'organization_id!, project_id' }), tenancy)).toMatchObject({
      events: 'project_id -> projects(id)',
      both: 'organization_id or project_id -> projects(id)',
    })
    expect(outcome(buildCatalog({ ...projects, boards: 'id pk, organization_id! > organizations', cards: 'id pk, project_id! > boards', events: 'id pk, project_id!' }), tenancy)).toMatchObject({
      events: 'unclassified: project_id has no foreign key here, and elsewhere refers to public.boards(id) as well as public.projects(id)',
    })
    expect(outcome({ main: buildCatalog(projects), ci: buildCatalog({ builds: 'id pk, project_id!' }) }, tenancy)).toMatchObject({ 'ci:builds': 'project_id -> projects(id)' })
  })

  it('without a foreign key means what those elsewhere have in common, where tables share the key of another', () => {
    const scopes = {
      scopes: 'id pk, parent_id',
      organizations: 'id pk > scopes',
      projects: 'scope_id pk > scopes, organization_id! > organizations',
      members: 'id pk, scope_id! > organizations',
      targets: 'id pk, scope_id! > projects(scope_id)',
    }
    const tenancy = { shardingKey: ['scope_id'], entries: [inline('scopes', { sharding_key: { id: 'organizations', parent_id: 'organizations' } }), inline('projects', { sharding_key: { organization_id: 'organizations' } })] }
    expect(outcome(buildCatalog({ ...scopes, events: 'id pk, scope_id!' }), tenancy)).toMatchObject({ members: 'scope_id', targets: 'scope_id -> projects(scope_id)', events: 'scope_id -> scopes(id)' })
    const profiles = { ...ORGANIZATIONS, profiles: 'organization_id pk > organizations', a: 'id pk, organization_id! > organizations', b: 'id pk, organization_id! > profiles(organization_id)', c: 'id pk, organization_id!' }
    expect(outcome(buildCatalog(profiles))).toMatchObject({ b: 'organization_id -> profiles(organization_id)', c: 'organization_id' })
  })

  it('without a foreign key stays undecided where the root is only one of the things that it refers to elsewhere', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, billers: 'id pk, owner! > organizations', a: 'id pk, organization_id! > organizations', b: 'id pk, organization_id! > billers', c: 'id pk, organization_id!' })
    expect(outcome(catalog)['c']).toBe('unclassified: organization_id has no foreign key here, and elsewhere refers to public.organizations(id) as well as public.billers(id)')
  })

  it('that others refer to is no reference to its own table', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'project_id pk, organization_id! > organizations', issues: 'id pk, project_id! > projects(project_id)' })
    expect(outcome(catalog, { shardingKey: ['organization_id', 'project_id'] })).toMatchObject({ projects: 'organization_id', issues: 'project_id -> projects(project_id)' })
  })

  it('is via the table that its foreign key leads to, unless one of its foreign keys leads to the root', () => {
    const catalog = buildCatalog(
      { ...ORGANIZATIONS, accounts: 'id pk, org! > organizations', a: 'id pk, organization_id > accounts', b: 'id pk, organization_id > accounts' },
      { composite: { b: [[['organization_id'], 'organizations', ['id']]] } },
    )
    expect(outcome(catalog)).toMatchObject({ accounts: 'org', a: 'organization_id -> accounts(id)', b: 'organization_id' })
  })

  it('decides nothing where its foreign key leaves what is classified', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, a: 'id pk, organization_id! > other.tenants', 'other.tenants': 'id pk' })
    expect(outcome(catalog)['a']).toBe('unclassified: organization_id refers to other.tenants, which is not classified in this database')
  })

  it('that leads to an exempt table leaves the table unclassified', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, plans: 'id pk', a: 'id pk, organization_id! > plans' })
    expect(outcome(catalog, { entries: [inline('plans', { exempt: 'lookup', match_by: ['id'] })] })['a']).toBe('unclassified: organization_id leads to public.plans, which has no owner itself')
  })
})

describe('foreign keys', () => {
  it('make a table via its parent when they are NOT NULL, with composite keys and several steps', () => {
    const catalog = buildCatalog(
      { ...ORGANIZATIONS, runs: 'id pk, at pk, organization_id! > organizations', steps: 'id pk, run_id!, run_at!', logs: 'step_id! > steps, line!' },
      { composite: { steps: [[['run_id', 'run_at'], 'runs', ['id', 'at']]] } },
    )
    expect(outcome(catalog)).toEqual({ organizations: 'root id', runs: 'organization_id', steps: 'run_id+run_at -> runs(id+at)', logs: 'step_id -> steps(id)' })
  })

  it('to the root are direct, whatever the column is called', () => {
    expect(outcome(buildCatalog({ ...ORGANIZATIONS, a: 'id pk, org! > organizations' }))['a']).toBe('org')
  })

  it('are followed by the shortest chain, counted in steps to the organization; the others are kept', () => {
    const catalog = buildCatalog({
      ...ORGANIZATIONS,
      projects: 'id pk, organization_id! > organizations',
      notes: 'id pk, project_id! > projects',
      replies: 'id pk, note_id! > notes',
      marks: 'id pk, a_reply_id! > replies, b_note_id! > notes, c_project_id! > projects',
    })
    expect(outcome(catalog)['marks']).toBe('c_project_id -> projects(id)')
    expect(otherChains(catalog, 'marks')).toEqual(['a_reply_id -> replies(id)', 'b_note_id -> notes(id)'])
  })

  it('of declared parents count by how far those are themselves', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', notes: 'id pk, project_id', marks: 'id pk, a_note_id! > notes, b_project_id! > projects' })
    expect(outcome(catalog, { entries: [described('notes', { sharding_key: { project_id: 'projects' } })] })['marks']).toBe('b_project_id -> projects(id)')
  })

  it('that may be NULL never decide alone, and are named', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', a: 'id pk, project_id > projects, other_id > projects' })
    expect(outcome(catalog)['a']).toBe(
      'unclassified: it has no key column, and only foreign keys that may be NULL lead to an owner (other_id -> public.projects; project_id -> public.projects); such a key never decides alone',
    )
  })

  it('of a composite key must be NOT NULL in every column', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, runs: 'id pk, at pk, organization_id!', a: 'id pk, run_id!, run_at' }, { composite: { a: [[['run_id', 'run_at'], 'runs', ['id', 'at']]] } })
    expect(outcome(catalog)['a']).toContain('may be NULL lead to an owner (run_id, run_at -> public.runs)')
  })

  it('to the table itself, or to tables without an owner, decide nothing', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, tree: 'id pk, parent_id! > tree', colours: 'id pk', leaves: 'id pk, colour_id! > colours' })
    expect(outcome(catalog)).toMatchObject({
      tree: 'unclassified: it has neither a key column nor a foreign key',
      colours: 'unclassified: it has neither a key column nor a foreign key',
      leaves: 'unclassified: it has no key column, and none of its foreign keys leads to a table that has an owner (colour_id -> public.colours)',
    })
  })

  it('make a join table via one side, with the other as a chain to be compared', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, issues: 'id pk, organization_id!', labels: 'id pk, organization_id!', issue_labels: 'issue_id! pk > issues, label_id! pk > labels' })
    expect(outcome(catalog)['issue_labels']).toBe('issue_id -> issues(id)')
    expect(otherChains(catalog, 'issue_labels')).toEqual(['label_id -> labels(id)'])
  })

  it('that form a circle are followed from where it is reached', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!, main_branch_id > branches', branches: 'id pk, project_id! > projects' })
    expect(outcome(catalog)).toMatchObject({ projects: 'organization_id', branches: 'project_id -> projects(id)' })
  })

  it('to a query table lead to an owner', () => {
    const catalog = buildCatalog({ ...ORGANIZATIONS, versions: 'id pk, kind', diffs: 'id pk, version_id! > versions' })
    expect(outcome(catalog, { entries: [inline('versions', { exempt: 'query', where: 't.kind = :org' })] })).toMatchObject({ versions: 'query', diffs: 'version_id -> versions(id)' })
  })
})

describe('a declared rule', () => {
  const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', namespaces: 'id pk, organization_id!', users: 'id pk, organization_id!', notes: 'id pk, project_id, namespace_id, author_id', bodies: 'id pk' })

  it('may lead to several roots, and to a parent whose key the row shares', () => {
    const entries = [described('notes', { sharding_key: { project_id: 'projects', namespace_id: 'namespaces', author_id: 'users' } }), described('bodies', { sharding_key: { id: 'notes' } })]
    expect(outcome(catalog, { entries })).toMatchObject({ notes: 'project_id -> projects(id) or namespace_id -> namespaces(id) or author_id -> users(id)', bodies: 'id -> notes(id)' })
  })

  it('in GitLab\'s desired form reaches the owner through a parent', () => {
    const desired = { project_id: { references: 'projects', backfill_via: { parent: { foreign_key: 'author_id', table: 'users', table_primary_key: 'id' } } } }
    expect(outcome(catalog, { entries: [described('notes', { desired_sharding_key: desired })] })['notes']).toBe('author_id -> users(id)')
  })

  it('in that form may lead through parents that have nothing else themselves', () => {
    const desired = (foreignKey: string, table: string, primaryKey = 'id') => ({ project_id: { references: 'projects', backfill_via: { parent: { foreign_key: foreignKey, table, table_primary_key: primaryKey, sharding_key: 'project_id', belongs_to: 'parent' } } } })
    const chain = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', scanners: 'id pk, uuid!, project_id', findings: 'id pk, scanner_uuid', evidences: 'id pk, finding_id', links: 'id pk, evidence_id' })
    const entries = [
      described('links', { desired_sharding_key: desired('evidence_id', 'evidences') }),
      described('evidences', { desired_sharding_key: desired('finding_id', 'findings') }),
      described('findings', { desired_sharding_key: desired('scanner_uuid', 'scanners', 'uuid') }),
      described('scanners', { sharding_key: { project_id: 'projects' } }),
    ]
    expect(outcome(chain, { entries })).toMatchObject({ links: 'evidence_id -> evidences(id)', evidences: 'finding_id -> findings(id)', findings: 'scanner_uuid -> scanners(uuid)', scanners: 'project_id -> projects(id)' })
    expect(outcome(chain, { entries: entries.slice(0, 3) })).toMatchObject({
      links: 'unclassified: evidence_id leads to public.evidences, which has no owner itself',
      findings: 'unclassified: scanner_uuid leads to public.scanners, which has no owner itself',
    })
  })

  it('that names a table without its schema means the first of the schemas listed that has it', () => {
    const several = buildCatalog({ ...ORGANIZATIONS, 'app.projects': 'id pk, organization_id!', 'old.projects': 'id pk, organization_id!', 'app.notes': 'id pk, project_id' })
    const key = (schemas: readonly string[], to = 'projects') => {
      const { units } = classify(new Map([['main', several]]), buildTenancy({ schemas, entries: [described('app.notes', { sharding_key: { project_id: to } })] }))
      const notes = units.find(({ id }) => id.name === 'notes')
      return notes !== undefined && isOwned(notes) && notes.ownership.kind === 'keys' ? notes.ownership.alternatives.map((one) => (one.kind === 'via' ? one.parent.schema : one.kind)) : []
    }
    expect([key(['app', 'old']), key(['old', 'app']), key(['app', 'old'], 'old.projects')]).toEqual([['app'], ['old'], ['old']])
  })

  it.each([
    [{ projekt_id: 'projects' }, 'the table has no column projekt_id'],
    [{ project_id: 'projekts' }, 'table projekts does not exist'],
    [{ project_id: 'projects(uuid)' }, 'projects has no column uuid'],
    [{ 'project_id, namespace_id': 'projects' }, '2 columns refer to 1 columns of projects'],
    [{ project_id: 'projects', namespace_id: 'nothing' }, 'table nothing does not exist'],
  ])('that does not hold against the catalog is a finding, and the table unclassified: %j', (key, message) => {
    const entries = [described('notes', { sharding_key: key as Record<string, string> })]
    expect(outcome(catalog, { entries })['notes']).toBe('unclassified: the rule in dictionary/notes.yml:1 does not hold against the catalog')
    expect(findings(catalog, { entries })).toContainEqual(expect.stringMatching(new RegExp(`^OM2102 error public.notes: dictionary/notes.yml:1: .*${message.replaceAll(/[()]/g, '.')}`)))
  })

  it('whose parents lead in a circle and never to an organization moves nothing in silence', () => {
    const circle = buildCatalog({ ...ORGANIZATIONS, a: 'id pk, b_id', b: 'id pk, a_id', c: 'id pk, a_id! > a' })
    const entries = [described('a', { sharding_key: { b_id: 'b' } }), described('b', { sharding_key: { a_id: 'a' } })]
    expect(outcome(circle, { entries })).toMatchObject({
      a: 'unclassified: its parents lead in a circle and never to an organization',
      b: 'unclassified: its parents lead in a circle and never to an organization',
      c: 'unclassified: it has no key column, and none of its foreign keys leads to a table that has an owner (a_id -> public.a)',
    })
    expect(findings(circle, { entries }).filter((found) => found.startsWith('OM2101 error'))).toEqual([expect.stringContaining('(dictionary/a.yml:1)'), expect.stringContaining('(dictionary/b.yml:1)'), expect.not.stringContaining('.yml')])
  })

  it('cannot be grounded by a table that is inferred from itself', () => {
    const circle = buildCatalog({ ...ORGANIZATIONS, a: 'id pk, x_id', x: 'id pk, a_id! > a' })
    const result = outcome(circle, { entries: [described('a', { sharding_key: { x_id: 'x' } })] })
    expect(result['a']).toBe('unclassified: x_id leads to public.x, which has no owner itself')
    expect(result['x']).toMatch(/^unclassified/)
  })

  it('may be nested in itself as long as another key ends at the organization', () => {
    const tree = buildCatalog({ ...ORGANIZATIONS, groups: 'id pk, organization_id, parent_id' })
    expect(outcome(tree, { entries: [described('groups', { sharding_key: { organization_id: 'organizations', parent_id: 'groups' } })] })['groups']).toBe('organization_id or parent_id -> groups(id)')
    expect(outcome(tree, { entries: [described('groups', { sharding_key: { parent_id: 'groups' } })] })['groups']).toMatch(/^unclassified: its parents lead in a circle/)
  })

  it.each(['skip', 'shared', 'lookup'] as const)('to a parent that is %s has no owner', (exempt) => {
    const entries = [inline('projects', { exempt }), described('notes', { sharding_key: { project_id: 'projects' } })]
    expect(outcome(catalog, { entries })).toMatchObject({ projects: exempt, notes: 'unclassified: project_id leads to public.projects, which has no owner itself' })
  })

  it('needs a where to be a query', () => {
    expect(outcome(catalog, { entries: [inline('notes', { exempt: 'query' })] })['notes']).toBe('unclassified: it is declared query without a where')
    expect(findings(catalog, { entries: [inline('notes', { exempt: 'query' })] })).toContainEqual(expect.stringMatching(/^OM2102 error public.notes: .*tables\["notes"\]: exempt: query needs a where/))
  })
})

describe('dictionary and configuration', () => {
  const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', notes: 'id pk, project_id', gone: 'id pk' })
  const file = described('notes', { sharding_key: { project_id: 'projects' }, unowned: 'stay', columns: { id: { set: '1' } } }, 'gitlab_main')
  const notes = (entries: Tenancy['entries'], tenancy: Partial<Tenancy> = {}): Unit | undefined => classify(new Map([['main', catalog]]), buildTenancy({ entries, ...tenancy })).units.find((unit) => unit.id.name === 'notes')

  it('are merged field by field, the configuration winning', () => {
    const kept = notes([file, inline('public.notes', { columns: { project_id: { set: null } } })])
    expect(kept).toMatchObject({ class: 'sharded', origin: 'dictionary', declared: { unowned: 'stay', columns: { id: { kind: 'set', value: '1' }, project_id: { kind: 'set', value: null } } } })
    expect(notes([file, inline('public.notes', { exempt: 'skip' })])).toMatchObject({ class: 'exempt', strategy: 'skip', origin: 'config', declared: { unowned: 'stay' } })
    expect(notes([described('notes', { exempt: 'skip' }), inline('notes', { sharding_key: { project_id: 'projects' } })])).toMatchObject({ class: 'sharded', origin: 'config' })
  })

  it('give a class its default treatment, which a rule of the table overrides', () => {
    const classes = new Map([['cell_local', { database: null, exempt: 'skip' as const }]])
    expect(notes([described('notes', {}, 'cell_local')], { classes })).toMatchObject({ strategy: 'skip', origin: 'dictionary' })
    expect(notes([described('notes', { sharding_key: { project_id: 'projects' } }, 'cell_local')], { classes })).toMatchObject({ class: 'sharded' })
    expect(notes([described('notes', { exempt: 'shared' }, 'cell_local')], { classes })).toMatchObject({ strategy: 'shared' })
  })

  it('name every entry whose table no database has', () => {
    expect(findings(catalog, { entries: [described('nope', { exempt: 'skip' }), inline('x.nope', { exempt: 'skip' })] }).filter((found) => found.includes('nope'))).toEqual([
      'OM2125 warning : dictionary/nope.yml:1 describes table nope, which no database of the cell has',
      'OM2125 error : org-mover.yaml tenancy.tables["x.nope"] describes table x.nope, which no database of the cell has',
    ])
  })

  it('report a root that is not there', () => {
    expect(findings(catalog, { root: { schema: 'public', name: 'tenants' } })).toContainEqual(expect.stringMatching(/^OM2102 error : the root table public.tenants does not exist/))
    expect(findings(catalog, { rootKey: 'uuid' })).toContainEqual(expect.stringMatching(/^OM2102 error public.organizations: the root table has no column uuid/))
  })
})

describe('a schema without a table of organizations', () => {
  const catalog = buildCatalog({ a: 'id pk, tenant_id', b: 'id pk, a_id! > a', c: 'id pk, owner', d: 'id pk, parent_ref' })
  const without = (entries: Tenancy['entries']): Partial<Tenancy> => ({ root: null, shardingKey: ['tenant_id'], entries })

  it('takes the key\'s value for the organization', () => {
    expect(outcome(catalog, without([described('a', { sharding_key: { tenant_id: 'tenants' } }), described('c', { sharding_key: { owner: 'tenants' } })]))).toMatchObject({ a: 'tenant_id', b: 'a_id -> a(id)', c: 'owner' })
  })

  it('does not take a slip of the pen for organizations', () => {
    const entries = [described('a', { sharding_key: { tenant_id: 'tenants' } }), described('d', { sharding_key: { parent_ref: 'aa' } })]
    expect(outcome(catalog, without(entries))['d']).toMatch(/^unclassified: the rule in/)
    expect(findings(catalog, without(entries))).toContainEqual(expect.stringMatching(/^OM2102 error public.d: .*table aa does not exist/))
  })
})

describe('databases', () => {
  const copies = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id! > organizations', jobs: 'id pk, project_id!' })

  it('hold a table once: where its entry or class says, else in main', () => {
    const entries = [described('jobs', { sharding_key: { project_id: 'projects' } }, 'ci')]
    const classes = new Map([['ci', { database: ['ci'], exempt: null }]])
    expect(outcome({ main: copies, ci: copies }, { entries, classes })).toEqual({ 'main:organizations': 'root id', 'main:projects': 'organization_id', 'ci:jobs': 'project_id -> projects(id)' })
  })

  it('may each hold rows of their own, with the key sets of another', () => {
    const entries = [described('jobs', { sharding_key: { project_id: 'projects' }, database: ['main', 'ci'] })]
    const units = outcome({ main: copies, ci: copies }, { entries })
    expect(Object.keys(units)).toEqual(['ci:jobs', 'main:jobs', 'main:organizations', 'main:projects'])
  })

  it('may be several by a class: the table then holds rows of its own in each', () => {
    const entries = [described('jobs', { sharding_key: { project_id: 'projects' } }, 'shared_org'), described('projects', {}, 'main_org')]
    const classes = new Map([['shared_org', { database: ['main', 'ci'], exempt: null }], ['main_org', { database: ['main'], exempt: null }]])
    expect(outcome({ main: copies, ci: copies }, { entries, classes })).toEqual({ 'main:organizations': 'root id', 'main:projects': 'organization_id', 'main:jobs': 'project_id -> projects(id)', 'ci:jobs': 'project_id -> projects(id)' })
    const { units } = classify(new Map([['main', copies], ['ci', copies]]), buildTenancy({ entries, classes }))
    const parents = units.flatMap((unit) => (unit.id.name === 'jobs' && isOwned(unit) && unit.ownership.kind === 'keys' ? unit.ownership.alternatives.map((one) => (one.kind === 'via' ? one.parent.database : '')) : []))
    expect(parents, 'told by the one table of projects').toEqual(['main', 'main'])
  })

  it('that only have the table count for it', () => {
    expect(outcome({ main: copies, ci: buildCatalog({ builds: 'id pk, organization_id!' }) })['ci:builds']).toBe('organization_id')
  })

  it('that a cell does not have stop it: their rows would be left out without a word', () => {
    const entries = [described('jobs', { sharding_key: { project_id: 'projects' } }, 'ci')]
    const found = findings(copies, { entries, classes: new Map([['ci', { database: ['ci'], exempt: null }]]) })
    expect(found).toContain('OM2102 error public.jobs: public.jobs is in database main, but declared to hold its rows in ci, where it is not')
    expect(found).toContain('OM2102 error : public.jobs is declared to hold rows in database ci, which the cell does not have')
  })
})

describe('partitions', () => {
  const tables = { ...ORGANIZATIONS, projects: 'id pk, organization_id!', uploads: 'id pk, kind pk, organization_id, project_id', uploads_1: 'id pk, kind pk, organization_id, project_id', 'parts.uploads_2': 'id pk, kind pk, organization_id, project_id' }
  const partitions = { uploads: PARTITIONED, uploads_1: partitionOf('uploads'), 'parts.uploads_2': partitionOf('uploads') }
  const catalog = buildCatalog(tables, { partitions })

  it('are part of their root, in whatever schema they stand', () => {
    expect(outcome(catalog)).toEqual({ organizations: 'root id', projects: 'organization_id', uploads: 'organization_id' })
  })

  it('stand for themselves where one has an owner of its own; the others keep what the root says', () => {
    const entries = [described('uploads', { sharding_key: { organization_id: 'organizations' } }), described('uploads_1', { sharding_key: { project_id: 'projects' } })]
    expect(outcome(catalog, { entries })).toEqual({ organizations: 'root id', projects: 'organization_id', uploads_1: 'project_id -> projects(id)', 'parts.uploads_2': 'organization_id' })
  })

  it('that stand for themselves are what a reference to their root means', () => {
    const children = { ...tables, marks: 'id pk, upload_id!, kind!', notes: 'id pk, upload_id, kind' }
    const split = buildCatalog(children, { partitions, composite: { marks: [[['upload_id', 'kind'], 'uploads', ['id', 'kind']]] } })
    const entries = [described('uploads_1', { sharding_key: { project_id: 'projects' } }), described('parts.uploads_2', { exempt: 'skip' }), described('notes', { sharding_key: { 'upload_id, kind': 'uploads' } })]
    expect(outcome(split, { entries })).toMatchObject({ uploads_1: 'project_id -> projects(id)', 'parts.uploads_2': 'skip', marks: 'upload_id+kind -> uploads(id+kind)', notes: 'upload_id+kind -> uploads(id+kind)' })
    const nobodys = [described('uploads_1', { exempt: 'shared' }), described('parts.uploads_2', { exempt: 'skip' })]
    expect(outcome(split, { entries: nobodys })['marks']).toMatch(/^unclassified: it has no key column, and none of its foreign keys leads to a table that has an owner/)
  })

  it('whose root others refer to are not taken for the organizations that have no table', () => {
    const split = buildCatalog({ ...tables, marks: 'id pk, upload_id, kind', t: 'id pk, tenant' }, { partitions })
    const entries = [described('uploads_1', { sharding_key: { organization_id: 'tenants' } }), described('parts.uploads_2', { exempt: 'skip' }), described('marks', { sharding_key: { 'upload_id, kind': 'uploads' } }), described('t', { sharding_key: { tenant: 'tenants' } })]
    expect(outcome(split, { entries, root: null, shardingKey: [] })).toMatchObject({ uploads_1: 'organization_id', marks: 'upload_id+kind -> uploads(id+kind)', t: 'tenant' })
  })

  it('stay together where the leaves say nothing of their own', () => {
    const entries = [described('uploads', { sharding_key: { organization_id: 'organizations' } }), described('uploads_1', { sharding_key: { organization_id: 'organizations' } }), described('parts.uploads_2', {})]
    expect(Object.keys(outcome(catalog, { entries }))).toEqual(['organizations', 'projects', 'uploads'])
    expect(Object.keys(outcome(catalog, { entries: [described('uploads_1', {})] }))).toContain('uploads')
  })

  it('stand for themselves where one has a rule for its columns, which would be lost under the root', () => {
    const entries = [described('uploads_1', { columns: { kind: { set: '1' } } })]
    expect(Object.keys(outcome(catalog, { entries }))).toEqual(['parts.uploads_2', 'organizations', 'projects', 'uploads_1'])
  })

  it('bring a root of another schema into scope', () => {
    const moved = buildCatalog({ ...ORGANIZATIONS, 'parts.events': 'id pk, org', events_1: 'id pk, org' }, { partitions: { 'parts.events': PARTITIONED, events_1: partitionOf('parts.events') } })
    expect(outcome(moved)['parts.events']).toMatch(/^unclassified/)
  })

  it('inherit the foreign keys of their root', () => {
    const inherited = buildCatalog({ ...ORGANIZATIONS, runs: 'id pk, organization_id!', steps: 'id pk, run_id! > runs', steps_1: 'id pk, run_id!', steps_2: 'id pk, run_id!' }, { partitions: { steps: PARTITIONED, steps_1: partitionOf('steps'), steps_2: partitionOf('steps') } })
    expect(outcome(inherited, { entries: [described('steps_1', { exempt: 'skip' })] })).toMatchObject({ steps_1: 'skip', steps_2: 'run_id -> runs(id)' })
  })
})

describe('tables outside the schemas listed', () => {
  const catalog = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', 'audit.events': 'id pk, organization_id', 'audit.marks': 'id pk, p > projects', 'audit.plain': 'id pk' })

  it('are findings where they look like an organization\'s', () => {
    expect(findings(catalog)).toEqual([
      "OM2122 error audit.events: audit.events is in a schema that is not under tenancy.schemas, but may hold an organization's rows: it has a key column organization_id",
      "OM2122 error audit.marks: audit.marks is in a schema that is not under tenancy.schemas, but may hold an organization's rows: p refers to public.projects",
    ])
  })

  it('are in scope by an entry of their own', () => {
    const entries = [inline('audit.events', { exempt: 'skip' }), inline('audit.marks', { sharding_key: { p: 'projects' } })]
    expect(outcome(catalog, { entries })).toMatchObject({ 'audit.events': 'skip', 'audit.marks': 'p -> projects(id)' })
    expect(findings(catalog, { entries })).toEqual([])
  })

  it('may hold the root, which is found by its bare name', () => {
    const core = buildCatalog({ 'core.organizations': 'id pk', notes: 'id pk, org' })
    const tenancy = { root: { schema: 'core', name: 'organizations' }, entries: [described('notes', { sharding_key: { org: 'organizations' } })] }
    expect(outcome(core, tenancy)).toEqual({ 'core.organizations': 'root id', notes: 'org' })
  })
})

it('serves a schema of ten thousand tables in bounded time (P10)', () => {
  const tables: Record<string, string> = { ...ORGANIZATIONS, t0: 'id pk, organization_id! > organizations' }
  for (let n = 1; n < 10_000; n += 1) tables[`t${n}`] = `id pk, a! > t${Math.floor(n / 3)}, b! > t${Math.floor(n / 2)}`
  const catalog = buildCatalog(tables)
  const start = performance.now()
  const { units } = classify(new Map([['main', catalog]]), buildTenancy())
  expect(units.every((unit) => unit.class !== 'unclassified')).toBe(true)
  expect(performance.now() - start).toBeLessThan(15_000)
}, 60_000)
