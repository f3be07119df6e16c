import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { stringify } from 'yaml'
import { describe, expect, it, test } from 'vitest'
import { readDictionary } from '../../src/config/dictionary-files.js'
import type { Dictionary } from '../../src/config/dictionary-files.js'
import { loadSettings } from '../../src/config/load-settings.js'
import { MoverError } from '../../src/domain/errors.js'

/** Of this process's own time, which a busy machine does not lengthen. A second is long for a file: what grows faster than the file does would take minutes. */
const LONGEST_MS = 10_000

interface Outcome {
  readonly dictionary: Dictionary
  /** OM1001 for whatever is no configuration. */
  readonly configuration: string
}

/** The text as a dictionary file and as a configuration: never another error than the program's own. */
async function read(text: string): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-text-'))
  try {
    await writeFile(join(folder, 'one.yml'), text)
    const dictionary = await readDictionary(folder, { place: () => 'one.yml', missing: () => new MoverError({ code: 'OM1001', message: '', hint: '', retry: 'after-fix' }) })
    const configuration = await loadSettings(join(folder, 'one.yml'), {}).then(() => 'accepted', (error: unknown) => (error instanceof MoverError ? `${error.code} ${error.message}` : Promise.reject(error)))
    return { dictionary, configuration }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const aliases = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array.from({ length: 10 }, () => `*a${n}`).join(', ')}]`)].join('\n')
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('a dictionary file of any text (P4)', () => {
  it.each([
    ['an alias bomb', `table_name: t\n${aliases}`, 'excessive aliases'],
    ['an alias without anchor', 'table_name: t\nx: *nowhere', 'is not valid YAML'],
    ['nesting without end', `table_name: t\nx: ${nested(20_000)}`, 'is not valid YAML'],
    ['a key that stands twice', 'table_name: t\nmove:\n  exempt: skip\n  exempt: shared', 'one.yml:4 is not valid YAML: the same key stands twice'],
    ['two documents', 'table_name: t\n---\ntable_name: u', 'is not valid YAML'],
    ['a prototype for a column', 'table_name: t\nmove:\n  columns:\n    __proto__: {set: x}', 'one.yml:4 the key __proto__ cannot be used'],
    ['a prototype for a key', 'table_name: t\nsharding_key: {__proto__: organizations}', 'the key __proto__ cannot be used'],
    ['a prototype in a merged map', 'base: &b {__proto__: {table_name: t}}\n<<: *b', 'the key __proto__ cannot be used'],
    ['bytes for a name', 'table_name: !!binary aGVsbG8=', 'table_name: expected text'],
    ['itself', '&r\ntable_name: t\nmove: *r', 'unknown key'],
  ])('%s is a problem that is told', async (_, text, problem) => {
    const { dictionary, configuration } = await read(text)
    expect(dictionary.entries).toEqual([])
    expect(dictionary.problems.join('\n')).toContain(problem)
    expect(configuration).toMatch(/^OM1001 .*problem/)
    expect(configuration).not.toContain(' 0 problems')
  })

  it.each([
    ['a function', `table_name: t\nx: !!js/function 'function () { globalThis.polluted = true }'`],
    ['names of what every object has', 'table_name: constructor\nsharding_key: {constructor: organizations, toString: valueOf}\nmove: {columns: {hasOwnProperty: {set: x}, constructor: {map: {constructor: y}}}}'],
    ['two merges', 'a: &a {x: 1}\nb: &b {y: 2}\ntable_name: t\nz: {<<: [*a, *b]}'],
    ['ten megabytes', `table_name: t\ndescription: "${'x'.repeat(10_000_000)}"`],
    ['fifty thousand keys', `table_name: t\nx:\n${Array.from({ length: 50_000 }, (_, n) => `  k${n}: v`).join('\n')}`],
  ])('%s is read as what it is', async (_, text) => {
    const started = process.cpuUsage()
    const { dictionary } = await read(text)
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(LONGEST_MS)
    expect(dictionary.problems).toEqual([])
    expect(dictionary.entries).toHaveLength(1)
    expect([Reflect.get(globalThis, 'polluted'), Reflect.get({}, 'table_name')]).toEqual([undefined, undefined])
  }, 60_000)

  test('rules under the names of what every object has are kept', async () => {
    const { dictionary } = await read('table_name: constructor\nsharding_key: {constructor: organizations, toString: valueOf}\nmove: {columns: {hasOwnProperty: {set: x}, valueOf: {map: {constructor: y}}}}')
    expect(dictionary.entries).toMatchObject([{ table: 'constructor', shardingKey: [{ columns: ['constructor'], table: 'organizations' }, { columns: ['toString'], table: 'valueOf' }] }])
    expect(Object.entries(dictionary.entries[0]?.columns ?? {})).toEqual([['hasOwnProperty', { kind: 'set', value: 'x' }], ['valueOf', { kind: 'map', map: { constructor: 'y' } }]])
  })

  const word = fc.constantFrom('table_name', 'move', 'exempt', 'skip', 'sharding_key', 'organizations', 'columns', 'set', 'map', 'secret', 'codec', 'where', ':org', 'constructor', '__proto__', '~', '1.10', '.inf', '2001-01-01', '"', "'", '|', '>')
  const sign = fc.constantFrom(': ', '\n', '\n  ', '\n- ', '- ', '{', '}', '[', ']', ', ', '&a ', '*a', '<<: *a', '? ', '!!str ', '!!js/undefined ', '!!set ', '---\n', '#', '%', '@', '\t', '\u0000', '\uFEFF', '\u2028', '${X}', '\\')

  it('ends in entries or problems, whatever it is made of', { timeout: 120_000 }, async () => {
    const texts = fc.oneof(fc.array(fc.oneof(word, sign), { maxLength: 40 }).map((parts) => parts.join('')), fc.string({ unit: 'binary', maxLength: 200 }))
    await fc.assert(fc.asyncProperty(texts, async (text) => {
      const { configuration } = await read(text)
      expect(configuration).toMatch(/^OM100[12] /)
    }), { numRuns: 1000 })
  })

  it('ends in one entry or problems, whatever stands where a rule is expected', { timeout: 120_000 }, async () => {
    const key = fc.oneof(fc.constantFrom('table_name', 'move', 'exempt', 'sharding_key', 'desired_sharding_key', 'columns', 'set', 'map', 'secret', 'codec', 'lookup', 'backfill_via', 'parent', 'constructor', 'toString'), fc.string())
    const { tree } = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
      leaf: fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constantFrom('skip', 'shared', 'organizations')),
      tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(key, tie('tree'), { maxKeys: 4 })),
    }))
    await fc.assert(fc.asyncProperty(tree, tree, tree, async (move, sharding, desired) => {
      const { dictionary } = await read(stringify({ table_name: 't', move, sharding_key: sharding, desired_sharding_key: desired }))
      expect(dictionary.entries.length + Math.min(1, dictionary.problems.length)).toBe(1)
    }), { numRuns: 500 })
  })
})
