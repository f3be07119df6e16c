import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { PARTICIPANT_VERBS } from '../../src/domain/vocabulary.js'
import { freshDatabase } from '../support/database.js'
import { SearchServer } from '../support/outside/search-server.js'

const SCRIPT = fileURLToPath(new URL('../../examples/participants/rebuild-search.mjs', import.meta.url))
const ORG = 'org/1 ü'

/** More than two batches, ids of both signs, and a neighbour. */
const ROWS = `
  CREATE TABLE projects (id bigint PRIMARY KEY, organization_id text NOT NULL);
  CREATE TABLE notes (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES projects, body text);
  INSERT INTO projects VALUES (1, '${ORG}'), (2, '${ORG}'), (3, 'neighbour'), (4, 'without notes');
  INSERT INTO notes SELECT n, 1 + n % 2, 'text ' || n FROM generate_series(1, 1200) AS n;
  INSERT INTO notes VALUES (0, 1, 'zero'), (-7, 2, NULL), (9007199254740993, 1, E'a\\tb "c" ü'), (5000, 3, 'theirs');
`
const EXPECTED = { ...Object.fromEntries(Array.from({ length: 1200 }, (_, n) => [String(n + 1), `text ${n + 1}`])), '0': 'zero', '-7': null, '9007199254740993': 'a\tb "c" ü' }

interface Made extends AsyncDisposable {
  readonly source: SearchServer
  readonly target: SearchServer
  readonly options: Readonly<Record<string, unknown>>
  ask(verb: string, changed?: { readonly org?: string; readonly options?: Readonly<Record<string, unknown>>; readonly env?: Readonly<Record<string, string>> }): Promise<Answered>
}

interface Answered {
  readonly status: number | null
  readonly answer: Readonly<Record<string, unknown>>
  readonly stderr: string
}

async function made(): Promise<Made> {
  const [database, source, target] = [await freshDatabase({ cluster: 'b' }), await SearchServer.start(), await SearchServer.start()]
  await database.query(ROWS)
  for (const one of [source, target]) one.put('neighbour', { '5000': 'theirs' })
  source.put(ORG, EXPECTED)
  const options = { indexes: { 'cell-a': source.url, 'cell-b': target.url }, databases: { 'cell-a': 'CELL_A_URL', 'cell-b': 'CELL_B_URL' } }
  return {
    source,
    target,
    options,
    ask: (verb, changed = {}) => run({ protocol: 1, participant: 'search', verb, moveId: 'm', epoch: 1, org: ORG, source: 'cell-a', target: 'cell-b', idempotencyKey: `m/search/${verb}/1`, run: 1, attempt: 1, options, ...changed }, { CELL_B_URL: database.url, ...changed.env }),
    async [Symbol.asyncDispose]() {
      for (const one of [source, target, database]) await one[Symbol.asyncDispose]()
    },
  }
}

function run(request: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>>): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT], { env: { PATH: process.env['PATH'], ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString('utf8')))
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString('utf8')))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, answer: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>), stderr }))
    child.stdin.end(JSON.stringify(request))
  })
}

describe('examples/participants/rebuild-search.mjs', () => {
  test('answers each verb in the course of a move; only what it stands for is built and deleted, and repeated is the same', async () => {
    await using it = await made()
    const { source, target } = it
    const ok = (verb: string, more: Readonly<Record<string, unknown>> = {}): object => ({ status: 0, answer: { verb, ok: true, ...more } })
    expect(await it.ask('check')).toMatchObject(ok('check'))
    expect(target.asked.filter((asked) => !asked.startsWith('GET'))).toEqual([])
    for (const attempt of [1, 2]) {
      expect(await it.ask('verify'), `verify ${attempt}`).toMatchObject(ok('verify', { equal: true, facts: { documents: 1203 } }))
      expect(target.of(ORG)).toEqual(EXPECTED)
    }
    expect(await it.ask('cutover')).toMatchObject(ok('cutover'))
    expect([source.of(ORG), target.of(ORG)]).toEqual([EXPECTED, EXPECTED])
    for (const attempt of [1, 2]) expect(await it.ask('purge'), `purge ${attempt}`).toMatchObject(ok('purge'))
    expect([source.of(ORG), target.of(ORG)]).toEqual([{}, EXPECTED])
    for (const one of [source, target]) expect(one.of('neighbour')).toEqual({ '5000': 'theirs' })
  })

  test('an abort deletes on the target alone, also where nothing was built', async () => {
    await using it = await made()
    expect(await it.ask('abort')).toMatchObject({ answer: { ok: true } })
    await it.ask('verify')
    expect(await it.ask('abort')).toMatchObject({ status: 0, answer: { verb: 'abort', ok: true } })
    expect([it.source.of(ORG), it.target.of(ORG), it.target.of('neighbour')]).toEqual([EXPECTED, {}, { '5000': 'theirs' }])
  })

  test('an organization without documents is complete with none', async () => {
    await using it = await made()
    expect(await it.ask('check', { org: 'without notes' })).toMatchObject({ answer: { ok: true } })
    expect(await it.ask('verify', { org: 'without notes' })).toMatchObject({ answer: { ok: true, equal: true, facts: { documents: 0 } } })
    expect(await it.ask('purge', { org: 'without notes' })).toMatchObject({ answer: { ok: true } })
  })

  test('a document that the index lost is a difference, not a failure', async () => {
    await using it = await made()
    it.target.loses.add('700')
    expect(await it.ask('verify')).toMatchObject({ status: 0, answer: { ok: true, equal: false, message: '1202 documents of 1203' } })
  })

  test('check refuses where the target has documents of the organization, which a rebuild would delete', async () => {
    await using it = await made()
    it.target.put(ORG, { '1': 'of whom?' })
    expect(await it.ask('check')).toMatchObject({ status: 0, answer: { ok: false, retry: false, message: expect.stringContaining('1 document') as string } })
    expect(it.target.of(ORG)).toEqual({ '1': 'of whom?' })
  })

  test.each([
    ['an index that has no URL', { options: { indexes: { 'cell-a': 'http://127.0.0.1:1' }, databases: {} } }, 'options.indexes has no URL for cell-b'],
    ['a database whose variable is not set', { options: { databases: { 'cell-b': 'NOT_SET' } } }, 'NOT_SET is not set'],
    ['a database that cannot be read', { env: { CELL_B_URL: 'postgres://nobody:let-me-in@127.0.0.1:1/none' } }, 'database of cell-b cannot be read'],
  ])('check refuses %s, as every verb would', async (_, changed, message) => {
    await using it = await made()
    const options = 'options' in changed ? { ...it.options, ...changed.options } : it.options
    const { status, answer, stderr } = await it.ask('check', { ...changed, options })
    expect([status, answer]).toMatchObject([0, { ok: false, message: expect.stringContaining(message) as string }])
    expect(JSON.stringify([answer, stderr])).not.toContain('let-me-in')
  })

  test('an index that is busy or away is worth another attempt; one that refuses is not', async () => {
    await using it = await made()
    for (const [status, retry] of [[503, true], [429, true], [408, true], [403, false]] as const) {
      for (const verb of ['check', 'verify', 'purge', 'abort']) {
        const index = verb === 'purge' ? it.source : it.target
        index.answers.push(status)
        expect((await it.ask(verb)).answer, `${verb} ${status}`).toMatchObject({ verb, ok: false, retry })
      }
    }
    const away = { ...it.options, indexes: { 'cell-a': 'http://127.0.0.1:1', 'cell-b': 'http://127.0.0.1:1' } }
    for (const verb of ['check', 'verify', 'purge', 'abort']) expect((await it.ask(verb, { options: away })).answer, `${verb} away`).toMatchObject({ verb, ok: false, retry: true })
  })

  test('verbs that it leaves out of `verbs` are refused by name', async () => {
    await using it = await made()
    const known = ['check', 'verify', 'cutover', 'purge', 'abort']
    for (const verb of PARTICIPANT_VERBS.filter((one) => !known.includes(one))) expect((await it.ask(verb)).answer).toMatchObject({ verb, ok: false, message: expect.stringContaining(`verb ${verb} is not known here`) as string })
    expect([...it.source.asked, ...it.target.asked]).toEqual([])
  })
})
