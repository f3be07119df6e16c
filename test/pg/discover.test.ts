import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from '../../src/config/load-settings.js'
import type { Settings } from '../../src/config/settings.js'
import type { DiscoverDocument } from '../../src/domain/documents.js'
import { discoverCell } from '../../src/move/discover.js'
import { lintDictionary } from '../../src/move/lint-dictionary.js'
import { writeDictionary } from '../../src/move/write-dictionary.js'
import { demoCellSql } from '../../src/sandbox/seed-demo-cell.js'
import { freshDatabase } from '../support/database.js'
import type { TestDatabase } from '../support/database.js'
import { configured, openRead, ownedByPlan, selected } from '../support/discovered-cell.js'
import { NASTY_CONFIG, NASTY_TENANCY } from '../support/nasty-tenancy.js'

const NASTY = { cluster: 'a', template: { name: 'nasty_tenancy', source: { sql: NASTY_TENANCY } } } as const

function inputOf(settings: Settings, cell = 'cell-a') {
  return { settings, cell, open: openRead(settings) }
}

/** What must survive a round trip through files. */
function rules({ tables }: DiscoverDocument): readonly unknown[] {
  return tables.map(({ origin: _origin, ...rest }) => rest)
}

describe('a nasty little cell', () => {
  let database: TestDatabase
  let config: Awaited<ReturnType<typeof configured>>
  let settings: Settings
  let document: DiscoverDocument

  beforeAll(async () => {
    database = await freshDatabase(NASTY)
    config = await configured({ 'cell-a': { main: database.url } }, database.url, NASTY_CONFIG)
    settings = await config.load()
    document = await discoverCell(inputOf(settings))
  })
  afterAll(async () => {
    await config[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  const tableNamed = (name: string) => document.tables.find(({ table }) => table === name)

  test('is classified as its declarations and catalog say', () => {
    expect(document.tables.map(({ table, class: kind, rule, strategy, origin }) => `${table}: ${kind} ${rule?.kind ?? strategy ?? '-'} ${origin ?? '-'}`)).toEqual([
      'Ta.ble (x): sharded via inferred',
      'boards: sharded any_of config',
      'labels: sharded via config',
      'lists: sharded via config',
      'mystery: unclassified - -',
      'namespaces: sharded any_of config',
      'note_bodies: sharded via config',
      'notes: sharded any_of config',
      'organizations: root root config',
      'plans: exempt lookup config',
      'project_drafts: sharded direct inferred',
      'projects: sharded direct inferred',
      'runs: sharded via inferred',
      'slugs: sharded via config',
      'steps: sharded via inferred',
      'version_diffs: sharded via inferred',
      'versions: exempt query config',
    ])
    expect(tableNamed('note_bodies')?.rule).toEqual({
      kind: 'via',
      columns: ['id'],
      path: [
        'note_bodies.id -> notes.id',
        'notes.project_id -> projects.id',
        'projects.organization_id',
        'notes.namespace_id -> namespaces.id',
        'namespaces.organization_id',
        'namespaces.parent_id -> namespaces.id',
        'notes.organization_id',
      ],
    })
    expect(document.findings.map(({ code, table }) => `${code} ${table}`)).toEqual(['OM2101 mystery'])
  })

  test('has predicates that select exactly the rows of the organization', async () => {
    await using session = await openRead(settings)('cell-a', 'main')
    const found = await selected(session, document, '1')
    for (const [table, rows] of found) {
      const mine = table === 'public.organizations' ? rows : rows.filter((row) => row.includes('mine'))
      expect(rows, table).toEqual(mine)
    }
    expect(Object.fromEntries([...found].map(([table, rows]) => [table.replace(/^public\./, ''), rows.length]))).toEqual({
      'Odd "schema.Ta.ble (x)': 1,
      labels: 1,
      namespaces: 3,
      note_bodies: 3,
      notes: 3,
      organizations: 1,
      project_drafts: 1,
      projects: 1,
      runs: 2,
      slugs: 2,
      steps: 2,
      version_diffs: 2,
      versions: 2,
    })
  })

  test('has predicates that mean what a move takes, and none for a circle of several tables', async () => {
    for (const org of ['1', '2', '3']) {
      await using session = await openRead(settings)('cell-a', 'main')
      const [byPredicate, byPlan] = [await selected(session, document, org), await ownedByPlan(session, inputOf(settings), org)]
      expect([...byPlan.keys()].filter((table) => !byPredicate.has(table))).toEqual(['public.boards', 'public.lists'])
      for (const [table, rows] of byPredicate) expect(rows, `${table} of ${org}`).toEqual(byPlan.get(table))
    }
    expect(tableNamed('lists')?.predicate).toBeNull()
  })

  test('is written to files that classify it the same way again', async () => {
    const directory = join(config.directory, 'written')
    const first = await writeDictionary({ ...inputOf(settings), directory })
    expect(rules(first)).toEqual(rules(document))
    const files = await readdir(directory)
    // a bracket in a table's name would be read as a list of columns, but here it is the child, not the parent
    expect(files).toHaveLength(document.tables.length)
    expect(await readFile(join(directory, 'notes.yml'), 'utf8')).toContain('# Path to the organization: notes.project_id -> projects.id;')
    expect(await readFile(join(directory, 'mystery.yml'), 'utf8')).toContain('# UNCLASSIFIED: it has no key column, and only foreign keys that may be NULL lead to an owner')
    await using again = await configured({ 'cell-a': { main: database.url } }, database.url, `tenancy: {schemas: [public, 'Odd "schema'], dictionary: ${JSON.stringify(directory)}}\n`)
    const loaded = await discoverCell(inputOf(await again.load()))
    expect(rules(loaded)).toEqual(rules(document))
    expect(loaded.tables.map(({ origin }) => origin).filter((origin) => origin !== null && origin !== 'config' && origin !== 'dictionary')).toEqual([])
  })

  test('loses no edit of an operator to a second writing', async () => {
    const directory = join(config.directory, 'edited')
    await writeDictionary({ ...inputOf(settings), directory })
    await writeFile(join(directory, 'notes.yml'), 'mine')
    const { findings } = await writeDictionary({ ...inputOf(settings), directory })
    expect(await readFile(join(directory, 'notes.yml'), 'utf8')).toBe('mine')
    expect(findings.at(-1)).toMatchObject({ code: 'OM2125', severity: 'warning', count: document.tables.length })
    expect(findings.at(-1)?.message).toContain('their files were left as they are')
  })
})

test('P4: chains that inference passed over stand in the file for the reviewer', async () => {
  const sql = 'CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE projects (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations); CREATE TABLE links (id bigint PRIMARY KEY, from_id bigint NOT NULL REFERENCES projects, to_id bigint NOT NULL REFERENCES projects)'
  await using database = await freshDatabase({ cluster: 'a' })
  await database.query(sql)
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, 'tenancy: {}\n')
  const directory = join(config.directory, 'written')
  await writeDictionary({ ...inputOf(await config.load()), directory })
  const written = await readFile(join(directory, 'links.yml'), 'utf8')
  expect(written).toContain('from_id: projects')
  expect(written).toContain('# Also reaches an owner by to_id -> public.projects (id); prepare checks row by row that they agree.')
})

test('a file of another name that describes the table is not doubled', async () => {
  await using database = await freshDatabase(NASTY)
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, 'tenancy: {dictionary: .}\n')
  await config.write('my-notes.yml', 'table_name: notes\nsharding_key: {project_id: projects}\n')
  await writeDictionary({ ...inputOf(await config.load()), directory: config.directory })
  expect(await readdir(config.directory)).not.toContain('notes.yml')
  await expect(config.load()).resolves.toBeDefined()
})

test('a table outside the schemas listed that refers to owned rows stops discovery and prepare alike', async () => {
  await using database = await freshDatabase(NASTY)
  await database.query('CREATE TABLE outside.copies (id bigint PRIMARY KEY, p bigint REFERENCES public.projects)')
  await using config = await configured({ 'cell-a': { main: database.url } }, database.url, NASTY_CONFIG)
  const { findings } = await discoverCell(inputOf(await config.load()))
  expect(findings).toContainEqual(expect.objectContaining({ code: 'OM2122', severity: 'error', schema: 'outside', table: 'copies', cell: 'cell-a' }))
})

test('an owner in another database is asked for by its keys', async () => {
  await using main = await freshDatabase(NASTY)
  await using ci = await freshDatabase({ cluster: 'a' })
  await ci.query('CREATE TABLE public.jobs (id bigint PRIMARY KEY, project_id bigint NOT NULL, slug text); CREATE TABLE public.logs (job_id bigint NOT NULL REFERENCES public.jobs, mark text); INSERT INTO jobs VALUES (1, 10), (2, 20); INSERT INTO logs VALUES (1), (2)')
  await using config = await configured({ 'cell-a': { main: main.url, ci: ci.url } }, main.url, `${NASTY_CONFIG}    public.jobs: {sharding_key: {project_id: projects}}\n`)
  const settings = await config.load()
  const { tables } = await discoverCell(inputOf(settings))
  const logs = tables.find(({ table }) => table === 'logs')
  expect(logs).toMatchObject({ database: 'ci', predicate: 't."job_id" IN (SELECT p1."id" FROM "public"."jobs" AS p1 WHERE p1."project_id" = ANY (:keys_projects))' })
  expect(await ci.query(`SELECT job_id FROM logs AS t WHERE ${logs?.predicate?.replace(':keys_projects', "'{10}'") ?? ''}`)).toEqual([{ job_id: '1' }])
})

describe('the demo cell', () => {
  test('is read by its predicates as a move reads it, and by its dictionary without a finding but tables without a file', async () => {
    const sql = await demoCellSql({ cell: 1, organizations: 5, bigOrgRows: 3000, variant: 'standard' })
    await using database = await freshDatabase({ cluster: 'a', template: { name: 'demo_cell', source: { sql } } })
    const settings = await loadSettings(resolve('schema/demo/org-mover.yaml'), { CELL_A_URL: database.url, CELL_B_URL: 'postgres://nowhere/b', CONTROL_URL: 'postgres://nowhere/c' })
    const document = await discoverCell(inputOf(settings))
    expect(document.findings).toEqual([])
    await using session = await openRead(settings)('cell-a', 'main')
    const [byPredicate, byPlan] = [await selected(session, document, '3'), await ownedByPlan(session, inputOf(settings), '3')]
    expect([...byPredicate.keys()]).toEqual([...byPlan.keys()])
    for (const [table, rows] of byPredicate) {
      expect(rows, table).toEqual(byPlan.get(table))
      expect(rows.length, table).toBeGreaterThan(0)
    }
    const { findings } = await lintDictionary(inputOf(settings))
    expect(findings.filter(({ severity }) => severity === 'error').map(({ code, table }) => `${code} ${table}`)).toEqual(['OM2125 approvals', 'OM2125 board_lists', 'OM2125 issue_assignees', 'OM2125 release_links'])
  })
})
