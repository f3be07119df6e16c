import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load-settings.js'
import type { Settings } from '../../src/config/settings.js'
import { MoverError } from '../../src/domain/errors.js'

/** A key that is a plain word is told, whatever it once was: the password is none. */
const PASSWORD = 'hunter2!of+nobody'

/** Every section once, so that a change somewhere reaches whatever reads it. */
const VALID = `
cells:
  cell-a: {databases: {main: "postgres://mover:${PASSWORD}@a.test/app", ci: {url: "postgres://mover:${PASSWORD}@a.test/ci", read_from: "postgres://mover:${PASSWORD}@r.test/ci", search_path: "app, public"}}}
  cell-b: {databases: {main: "postgres://mover:${PASSWORD}@b.test/app", ci: "postgres://mover:${PASSWORD}@b.test/ci"}}
control: "postgres://mover:${PASSWORD}@c.test/control"
routing: {kind: postgres, url: "postgres://mover:${PASSWORD}@c.test/routes", table: public.routes, org_column: organization_id, cell_column: cell_id, epoch_column: epoch, cell_values: {cell-a: 1, cell-b: 2}}
tenancy:
  root: public.organizations
  root_key: id
  sharding_key: [organization_id, org_id]
  unowned: error
  schemas: [public]
  classes: {main_org: {database: main}, shared_org: {database: [main, ci]}, local: {exempt: skip}}
  tables:
    public.plans: {exempt: lookup, match_by: [name], insert_missing: true}
    public.users: {exempt: shared, differ_by: [last_seen_at]}
    public.versions: {exempt: query, where: "t.organization_id = :org"}
    public.events: {sharding_key: {"run_id, created_at": "run(id, created_at)"}, unowned: stay, columns: {storage: {map: {nfs-1: default}}, cached: {set: null}}}
maintenance:
  fence: triggers
  enter: [{command: ["true"], timeout: 10s}, {http: "https://ops.test/enter", headers: {authorization: "Bearer ${PASSWORD}"}}]
  ready: [{sql: "SELECT 0", cell: source, database: main}]
  leave: []
copy: {jobs: 4, chunk_rows: 1000, max_bytes_per_second: null}
lease: 30s
sequences: check
retention: 7d
confirm_cutover: false
`

/** As somebody writes them who is in a hurry, or means harm. */
const TEXTS = ['2001-01-01', '1e999', '.inf', '-.nan', '0x1F', '0o17', '9007199254740993', '1_000', '30', '30s', '-1d', '99999999999999999999d', '', ' ', '~', 'constructor', 'toString', '${HOME', '${NOBODY_SET_THIS}', '${', 'postgres://', 'postgres://:@/', 'postgres://u:%zz@h/d', 'postgresql:///x?host=/tmp', 'postgres://h:99999/d', 'http://x', 'public.', '.x', 'a.b.c', 'public.organizations', 'run(', 'run()', ':org', "'", '\u0000', '\uFEFF', '\uD800', '🙂', 'x'.repeat(5_000)]
const value = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(fc.constantFrom(...TEXTS), fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, Infinity, -0, NaN, new Date(0)), fc.bigInt(), fc.string({ unit: 'binary' })),
  tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(fc.oneof(fc.constantFrom('url', 'sql', 'main', 'cell-a', 'exempt', 'sharding_key', 'columns', 'secret', 'constructor', 'hasOwnProperty', '1', ''), fc.string()), tie('tree'), { maxKeys: 3 })),
})).tree

/** What is done to the configuration: a value is put in place of another, taken away, or added under a new key. */
interface Change {
  readonly at: number
  readonly key: string | null
  readonly value: unknown
}
const change: fc.Arbitrary<Change> = fc.record({ at: fc.nat(), key: fc.option(fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'main', '<<', 'x'), fc.string()), { freq: 4 }), value: fc.option(value, { nil: undefined, freq: 6 }) })

type Holder = Record<string, unknown> | unknown[]

/** Every place of the tree, as what holds it and its key. */
function places(holder: Holder): readonly { readonly holder: Holder; readonly key: string }[] {
  return Object.entries(holder).flatMap(([key, held]) => [{ holder, key }, ...(typeof held === 'object' && held !== null && !(held instanceof Date) ? places(held as Holder) : [])])
}

function changed(changes: readonly Change[]): unknown {
  const root = parse(VALID) as Record<string, unknown>
  for (const { at, key, value: put } of changes) {
    const all = places(root)
    const place = all[at % Math.max(1, all.length)]
    if (place === undefined) break
    if (put === undefined) Reflect.deleteProperty(place.holder, place.key)
    else Object.defineProperty(place.holder, key === null || Array.isArray(place.holder) ? place.key : key, { value: put, enumerable: true, writable: true, configurable: true })
  }
  return root
}

describe('a configuration of any text (P4)', () => {
  let folder: string
  const tally = new Map<string, number>()
  let texts = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'org-mover-config-'))
    await mkdir(join(folder, 'dictionary'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
    process.stderr.write(`configurations: ${texts}, of them ${[...tally].map(([what, count]) => `${count} ${what}`).join(', ')}\n`)
  })

  /** Settings, or the problems: anything else fails the test. */
  async function load(text: string): Promise<Settings | MoverError> {
    texts += 1
    const file = join(folder, `${texts % 8}.yaml`)
    await writeFile(file, text)
    const outcome = await loadSettings(file, { HOME: '/x' }).catch((error: unknown) => (error instanceof MoverError ? error : Promise.reject(error)))
    const what = outcome instanceof MoverError ? outcome.code : 'accepted'
    tally.set(what, (tally.get(what) ?? 0) + 1)
    if (!(outcome instanceof MoverError)) return outcome
    expect(outcome.code).toMatch(/^OM1\d{3}$/)
    expect(outcome.hint).not.toBe('')
    expect(outcome.message).not.toMatch(/ 0 problems/)
    expect(`${outcome.message} ${outcome.hint} ${JSON.stringify(outcome.context)}`).not.toContain(PASSWORD)
    return outcome
  }

  it('is accepted as it stands above', async () => {
    const settings = await load(VALID)
    expect(settings instanceof MoverError ? settings.message : 'accepted').toBe('accepted')
  })

  it('ends in settings or problems, whatever stands where', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => void (await load(stringify(changed(changes))))), { numRuns: 1500 })
  })

  it('ends in settings or problems, wherever the text is cut or written into', { timeout: 120_000 }, async () => {
    const piece = fc.constantFrom(...TEXTS, '&a ', '*a', '<<: *a', '!!binary ', '!!timestamp 2001-01-01', '!!set ', '!!omap ', '? ', '- ', '{', '}', '[', ']', ': ', '\n', '\t', '---\n', '...\n', '%YAML 1.1\n---\n', '__proto__: {x: 1}\n', '#')
    await fc.assert(fc.asyncProperty(fc.nat(VALID.length), fc.nat(40), fc.array(piece, { maxLength: 3 }), async (from, length, pieces) => void (await load(VALID.slice(0, from) + pieces.join('') + VALID.slice(from + length)))), { numRuns: 1500 })
  })

  it('knows a special key where one stands, and lets no prototype be changed', async () => {
    for (const text of [VALID.replace('tables:', 'tables:\n    __proto__: {exempt: skip}'), `__proto__: {polluted: true}\n${VALID}`, VALID.replace('cells:', 'cells:\n  __proto__: {databases: {main: "postgres://h/d"}}')]) {
      expect((await load(text)) instanceof MoverError).toBe(true)
    }
    expect(Reflect.get({}, 'polluted')).toBe(undefined)
  })
})
