import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { escapeIdentifier } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckDocument, MoveDocument } from '../../src/domain/documents.js'
import type { CliOptions, CliResult } from '../support/cli-process.js'
import { administrator } from '../support/clusters.js'
import { demoCells } from '../support/demo-cells.js'
import type { DemoCells, Picture } from '../support/demo-cells.js'
import { moveUntil, moveWhole, picturesOf } from '../support/demo-moves.js'

describe('what cannot be done is refused by name, with a remedy, and changes nothing on either cell (P4)', () => {
  let cells: DemoCells
  let before: { readonly a: Picture; readonly b: Picture }
  const role = `mover_of_few_rights_${process.pid}`

  beforeAll(async () => {
    cells = await demoCells()
    before = await picturesOf(cells)
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
    await administrator('b').query(`DROP ROLE IF EXISTS ${escapeIdentifier(role)}`)
  })

  const move = (args: readonly string[], options?: CliOptions) => cells.orgMover(['move', ...args], options)
  const toB = (org = cells.org) => ['--org', org, '--to', 'cell-b', '--yes']

  /** Exit code and error code, a hint that says something, and both cells as they were. */
  async function expectRefused(run: CliResult & { readonly json: MoveDocument }, exit: number, code: string): Promise<void> {
    expect({ exit: run.code, code: run.json.error?.code, message: run.json.error?.message }, run.stderr).toEqual({ exit, code, message: expect.any(String) })
    expect(run.json.error?.hint.length).toBeGreaterThan(5)
    expect(await picturesOf(cells)).toEqual(before)
  }

  /** Stopped by a finding of that code on that table, in `plan` as in `move`, after which another move may begin. */
  async function expectFinding(code: string, table: string, { config = cells.configFile, examples }: { readonly config?: string; readonly examples?: unknown } = {}): Promise<void> {
    const planned = await cells.orgMover(['plan', '--org', cells.org, '--to', 'cell-b', '--config', config])
    expect([planned.code, planned.json.blocking]).toEqual([3, true])
    const run = await move([...toB(), '--config', config])
    await expectRefused(run, 3, 'OM2007')
    for (const findings of [planned.json.findings, run.json.findings]) {
      const found = findings.filter((finding) => finding.code === code && finding.table === table && finding.severity === 'error')
      expect(found, JSON.stringify(findings.filter((finding) => finding.severity === 'error'), null, 1)).not.toEqual([])
      for (const { hint } of found) expect(hint.length).toBeGreaterThan(5)
      if (examples !== undefined) expect(found.flatMap((finding) => finding.examples)).toContainEqual(expect.objectContaining(examples))
    }
    expect(run.json.state).toBe('aborted')
  }

  /** Makes a situation, looks at what is said of it, and undoes it. */
  async function during(situation: { readonly make: () => Promise<unknown>; readonly undo: () => Promise<unknown> }, look: () => Promise<void>): Promise<void> {
    const calm = before
    await situation.make()
    before = await picturesOf(cells)
    try {
      await look()
    } finally {
      before = calm
      await situation.undo()
    }
    expect(await picturesOf(cells)).toEqual(calm)
  }

  test('an organization that routing does not know', async () => {
    await expectRefused(await move(toB('4711')), 2, 'OM1006')
    await expectRefused(await move([...toB('4711'), '--from', 'cell-a']), 3, 'OM2004')
  })

  test('an id that is none', async () => {
    const run = await move([...toB('not-a-number'), '--from', 'cell-a'])
    expect([2, 3]).toContain(run.code)
    await expectRefused(run, run.code ?? 0, run.json.error?.code ?? '')
  })

  test('an organization that is on the target already: the source cannot be the target', async () => {
    await expectRefused(await move(['--org', cells.org, '--to', 'cell-a', '--yes']), 3, 'OM2001')
    await expectRefused(await move([...toB(), '--from', 'cell-b']), 3, 'OM2002')
  })

  test('a cell, a move or a phase that does not exist', async () => {
    await expectRefused(await move(['--org', cells.org, '--to', 'cell-z', '--yes']), 2, 'OM1005')
    await expectRefused(await move([...toB(), '--pause-before', 'lunch']), 2, 'OM1004')
    await expectRefused(await cells.orgMover(['resume', '01890000-0000-7000-8000-000000000000', '--yes']), 2, 'OM1007')
  })

  test('a move without --yes where nobody can be asked', async () => {
    await expectRefused(await move(['--org', cells.org, '--to', 'cell-b'], { input: 'y\n' }), 2, 'OM1008')
  })

  test('a configuration with typing errors: all of them at once', async () => {
    const config = await cells.configure((yaml) => Object.assign(yaml, { retension: '7d', lease: 'soon', copy: { jobs: 0 } }))
    const run = await move([...toB(), '--config', config])
    await expectRefused(run, 2, 'OM1001')
    for (const word of ['retension', 'lease', 'jobs']) expect(run.json.error?.message).toContain(word)
    const cell = new URL(cells.a.url)
    if (cell.password !== '') expect(`${run.stdout}${run.stderr}`).not.toContain(cell.password)
  })

  test('a dictionary with every kind of mistake: all of them in one run by file and line, those that only the catalog shows as well', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'org-mover-dictionary-'))
    try {
      await cp(fileURLToPath(new URL('../../schema/demo/dictionary', import.meta.url)), directory, { recursive: true })
      const write = (files: Readonly<Record<string, string>>) => Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, `${name}.yml`), text)))
      const wrongFiles = { labels: '# of projects\ntable_name: labels\nsharding_key: project_id\n', twice: '---\n\ntable_name: milestones\n' }
      await write({
        ...wrongFiles,
        releases: '# comment\ntable_name: releases\nsharding_key: {projekt_id: projects}\n',
        boards: 'table_name: boards\nsharding_key: {project_id: board_lists}\n',
        board_lists: '\ntable_name: board_lists\nsharding_key: {board_id: boards}\n',
        versions: 'table_name: versions\nmove: {exempt: query, where: "t.no_such_column = :org"}\n',
        search_queue: '\n\ntable_name: search_queue\nmove: {exempt: query, where: "t.id = 1; SELECT :org"}\n',
        issues: 'table_name: issues\nsharding_key: {project_id: projects}\nmove: {columns: {titel: {set: null}}}\n',
        shards: 'table_name: shards\nmove: {exempt: lookup, match_by: [nmae]}\n',
      })
      const config = await cells.configure((yaml) => Object.assign(yaml, { tenancy: { ...Object(yaml['tenancy']), dictionary: directory } }))
      const ofFiles = [/labels\.yml:3 sharding_key: expected a mapping/, /(twice|milestones)\.yml:\d table_name: milestones is described in .*(twice|milestones)\.yml:\d already/]
      const ofCatalog = [
        /releases\.yml:2: the table has no column projekt_id/,
        /boards: .*circle.*boards\.yml:1/,
        /board_lists: .*circle.*board_lists\.yml:2/,
        /versions\.yml:1: where of public\.versions: .*no_such_column/,
        /search_queue\.yml:3: where of public\.search_queue: it holds a semicolon/,
        /issues\.yml:1: public\.issues: columns names titel/,
        /shards\.yml:1: public\.shards: match_by names nmae/,
      ]
      const args = ['--org', cells.org, '--to', 'cell-b', '--config', config]
      const refused = await move([...args, '--yes'])
      await expectRefused(refused, 2, 'OM1003')
      for (const run of [refused, await cells.orgMover(['plan', ...args]), await cells.orgMover(['discover', '--config', config])]) {
        expect([run.code, run.json.error?.code]).toEqual([2, 'OM1003'])
        for (const line of [...ofFiles, ...ofCatalog]) expect(run.json.error?.message).toMatch(line)
      }
      const check = await cells.start(['discover', '--check', '--config', config]).result
      expect(check.code).toBe(3)
      const { findings }: CheckDocument = JSON.parse(check.stdout)
      for (const line of [...ofFiles, ...ofCatalog]) expect(findings.map(({ message }) => message)).toContainEqual(expect.stringMatching(line))
      // with every file readable, prepare lists the others in one run
      await Promise.all(Object.keys(wrongFiles).map((name) => rm(join(directory, `${name}.yml`))))
      const stopped = await move([...args, '--yes'])
      await expectRefused(stopped, 3, 'OM2007')
      for (const line of ofCatalog) expect(stopped.json.findings.map(({ message }) => message)).toContainEqual(expect.stringMatching(line))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('a configuration file that is not there', async () => {
    await expectRefused(await move([...toB(), '--config', '/nowhere/org-mover.yaml']), 2, 'OM1002')
  })

  test('a cell that is down: exit 5, and the move can be taken back', async () => {
    const config = await cells.configure((yaml) => {
      Object.assign(yaml, { cells: { ...Object(yaml['cells']), 'cell-b': { databases: { main: 'postgres://nobody@127.0.0.1:9/nothing' } } } })
    })
    const run = await move([...toB(), '--config', config])
    await expectRefused(run, 5, 'OM3001')
    if (run.json.moveId === null) return
    const aborted = await cells.orgMover(['abort', run.json.moveId, '--yes'])
    expect([aborted.code, aborted.json.state]).toEqual([0, 'aborted'])
  })

  test('a table that nobody has classified', async () => {
    const table = { make: () => onBoth('CREATE TABLE public.surprise (id bigint PRIMARY KEY, payload text)'), undo: () => onBoth('DROP TABLE public.surprise') }
    await during(table, () => expectFinding('OM2101', 'surprise'))
  })

  test('a table that the target lacks', async () => {
    const table = {
      make: () => onBoth('CREATE TABLE public.latecomer (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations (id))').then(() => cells.b.query('DROP TABLE public.latecomer')),
      undo: () => onBoth('DROP TABLE IF EXISTS public.latecomer'),
    }
    await during(table, () => expectFinding('OM2108', 'latecomer'))
  })

  test('a row of the target with the same primary key', async () => {
    const [own] = await cells.a.query<{ id: string }>('SELECT min(id)::text AS id FROM labels WHERE organization_id = $1', [cells.org])
    const row = {
      make: () => cells.b.query(`INSERT INTO labels (id, organization_id, title) VALUES ($1, 1000001, 'squatter')`, [own?.id]),
      undo: () => cells.b.query(`DELETE FROM labels WHERE title = 'squatter'`),
    }
    await during(row, () => expectFinding('OM2106', 'labels', { examples: { id: own?.id } }))
  })

  test('a row of the target with the same unique key', async () => {
    const [own] = await cells.a.query<{ path: string }>('SELECT path::text AS path FROM organizations WHERE id = $1', [cells.org])
    const row = {
      make: () => cells.b.query(`INSERT INTO organizations (path, name) VALUES (upper($1::text), 'squatter')`, [own?.path]),
      undo: () => cells.b.query(`DELETE FROM organizations WHERE name = 'squatter'`),
    }
    await during(row, () => expectFinding('OM2106', 'organizations'))
  })

  test('a row of the organization on the target', async () => {
    const row = {
      make: () => cells.b.query(`INSERT INTO audit_events (created_at, organization_id, details) VALUES ('2024-06-01', $1, '{}')`, [cells.org]),
      undo: () => cells.b.query('DELETE FROM audit_events WHERE organization_id = $1', [cells.org]),
    }
    await during(row, () => expectFinding('OM2107', 'audit_events'))
  })

  test('a role that may not do what the move needs', async () => {
    // it may read everything, and log in
    const poor = {
      make: () => administrator('b').query(`CREATE ROLE ${escapeIdentifier(role)} LOGIN PASSWORD 'few'; GRANT pg_read_all_data TO ${escapeIdentifier(role)}`),
      undo: () => administrator('b').query(`DROP ROLE ${escapeIdentifier(role)}`),
    }
    await during(poor, async () => {
      const url = new URL(cells.b.url)
      url.username = role
      url.password = 'few'
      const config = await cells.configure((yaml) => {
        const given: Record<string, Record<string, unknown>> = Object(yaml['cells'])
        Object.assign(yaml, { cells: { ...given, 'cell-b': { ...given['cell-b'], databases: { main: url.href } } } })
      })
      const run = await move([...toB(), '--config', config])
      await expectRefused(run, 3, 'OM2007')
      const said = run.json.findings.filter((finding) => finding.code === 'OM2010' && finding.cell === 'cell-b').map((finding) => finding.message).join('\n')
      expect(said).toContain('session_replication_role')
      expect(said).toContain('INSERT')
      expect(run.json.findings.filter((finding) => finding.code === 'OM2120').map((finding) => finding.table)).toContain('todos')
      expect(`${run.stdout}${run.stderr}`).not.toContain('few@')
    })
  })

  test('a second move of an organization that is being moved, and one to a cell that retains it', async () => {
    const moveId = await moveUntil(cells, 'freeze')
    const second = await move(toB())
    await expectRefused(second, 3, 'OM2003')
    expect(second.json.error?.message).toContain(moveId)
    await cells.orgMover(['abort', moveId, '--yes'])
    const done = await moveWhole(cells)
    before = await picturesOf(cells)
    const back = await move(['--org', cells.org, '--to', 'cell-a', '--yes'])
    await expectRefused(back, 3, 'OM2005')
    expect(`${back.json.error?.message} ${back.json.error?.hint}`).toContain(done)
  })

  async function onBoth(text: string): Promise<void> {
    for (const cell of [cells.a, cells.b]) await cell.query(text)
  }
})
