import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { MOVE_PHASES } from '../../src/domain/vocabulary.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Which folders of src/ each folder may import from, besides itself. What is not listed is forbidden. */
const LAYERS: Readonly<Record<string, readonly string[]>> = (() => {
  const postgres = ['domain']
  const dataplane = [...postgres, 'postgres']
  const routing = [...dataplane, 'outside']
  const fence = [...dataplane, 'dataplane', 'routing', 'secrets']
  const phases = [...fence, 'fence', 'checks', 'outside', 'participants']
  const move = [...phases, 'phases', 'config']
  return {
    domain: [],
    observability: ['domain'],
    sandbox: ['domain'],
    config: ['domain'],
    postgres,
    dataplane,
    outside: ['domain'],
    participants: ['domain', 'outside'],
    routing,
    secrets: [...dataplane, 'dataplane'],
    fence,
    checks: fence,
    phases,
    move,
    cli: [...move, 'move', 'sandbox', 'observability'],
  }
})()

/** What may be imported as types beyond that: settings where they are used, and who is told of progress. */
const TYPES: Readonly<Record<string, readonly string[]>> = { config: ['outside', 'participants', 'routing', 'phases', 'secrets', 'checks'], observability: Object.keys(LAYERS) }

interface Import {
  readonly from: string
  readonly to: string
  readonly isType: boolean
}

interface Module {
  readonly file: string
  readonly text: string
}

function filesUnder(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort()
}

const modules: readonly Module[] = filesUnder('src', '.ts').map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }))
const imports: readonly Import[] = modules.flatMap(importsOf)

/** Static, re-exporting, bare and dynamic imports of modules of our own. */
function importsOf({ file, text }: Module): readonly Import[] {
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(?<type>type\s)?(?:[^'";]*?\sfrom\s+)?'(?<path>\.[^']+)'/gm),
    ...text.matchAll(/\bimport\(\s*'(?<path>\.[^']+)'\s*\)/g),
  ]
  return found.map((match) => ({
    from: file,
    to: relative(ROOT, join(ROOT, dirname(file), match.groups?.['path'] ?? '')).replace(/\.js$/, '.ts'),
    isType: match.groups?.['type'] !== undefined,
  }))
}

function layerOf(file: string): string {
  return file.split('/')[1] ?? ''
}

describe('architecture', () => {
  test('the modules and their imports were seen at all', () => {
    expect(modules.length).toBeGreaterThan(80)
    expect(imports.length).toBeGreaterThan(300)
    const known = new Set(modules.map((module) => module.file))
    expect(imports.filter((one) => !known.has(one.to)), 'every import was resolved to a module').toEqual([])
    // dynamic imports by a computed name would escape this test; those of operators' own codecs are the one exception
    expect(modules.filter(({ text }) => /\bimport\((?!\s*')/.test(text)).map(({ file }) => file).filter((file) => layerOf(file) !== 'secrets')).toEqual([])
  })

  test('every folder has its place', () => {
    expect([...new Set(modules.map((module) => layerOf(module.file)))].sort()).toEqual(Object.keys(LAYERS).filter((layer) => modules.some((module) => layerOf(module.file) === layer)).sort())
  })

  test('imports point one way', () => {
    const wrong = imports.filter(({ from, to, isType }) => {
      const [low, high] = [layerOf(to), layerOf(from)]
      if (low === high || LAYERS[high]?.includes(low) === true) return false
      return !(isType && TYPES[low]?.includes(high) === true)
    })
    expect(wrong.map(({ from, to, isType }) => `${from} must not import ${isType ? 'types of ' : ''}${to}`)).toEqual([])
  })

  test('phases do not import each other, nor does what they share', () => {
    const entries = [...MOVE_PHASES, 'purge', 'abort'].map((phase) => `src/phases/${phase}.ts`)
    for (const entry of entries) expect(modules.map((module) => module.file)).toContain(entry)
    const wrong = imports.filter(({ from, to }) => layerOf(from) === 'phases' && entries.includes(to))
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  test('no module leads back to itself by what it runs', () => {
    const next = new Map<string, string[]>()
    for (const { from, to, isType } of imports) if (!isType) next.set(from, [...(next.get(from) ?? []), to])
    const settled = new Set<string>()
    const circleFrom = (file: string, path: readonly string[]): readonly string[] | null => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
      if (settled.has(file)) return null
      for (const to of next.get(file) ?? []) {
        const circle = circleFrom(to, [...path, file])
        if (circle !== null) return circle
      }
      settled.add(file)
      return null
    }
    for (const { file } of modules) expect(circleFrom(file, [])).toBe(null)
  })

  test('only the command line prints, ends the process and reads the environment', () => {
    // throw-away servers pass the machine's environment on to the programs that they start
    const forbidden = (layer: string): RegExp => (layer === 'sandbox' ? /\bconsole\.|\bprocess\.(?:exit|exitCode|stdout|stderr)\b/ : /\bconsole\.|\bprocess\.(?:exit|exitCode|stdout|stderr|env|argv)\b/)
    const wrong = modules.filter(({ file, text }) => !['cli', 'config'].includes(layerOf(file)) && forbidden(layerOf(file)).test(withoutComments(text)))
    expect(wrong.map((module) => module.file)).toEqual([])
  })

  test('every statement in sql/ says what it is for, and is used', () => {
    const files = filesUnder('sql', '.sql')
    expect(files.length).toBeGreaterThan(60)
    const code = modules.map((module) => withoutComments(module.text)).join('\n')
    const named = new Set([...code.matchAll(/\bsql\('([^']+)'/g)].map((match) => match[1]))
    // sql(`journal/${statement}`): the part that varies must stand as a literal somewhere
    const patterns = [...code.matchAll(/\bsql\(`([^`]+)`/g)].map((match) => new RegExp(`^${(match[1] ?? '').replaceAll(/\$\{[^}]*\}/g, '(.*)')}$`))
    const isUsed = (name: string): boolean =>
      named.has(name) || patterns.some((pattern) => pattern.exec(name)?.slice(1).every((part) => code.includes(`'${part}'`)) === true)
    const names = files.map((file) => relative('sql', file).replace(/\.sql$/, ''))
    expect(names.filter((name) => !isUsed(name)), 'never used').toEqual([])
    expect([...named].filter((name) => name !== undefined && !names.includes(name)), 'no such file').toEqual([])
    for (const file of files) {
      const text = readFileSync(join(ROOT, file), 'utf8')
      expect(text, file).toMatch(/^-- Purpose: \S/)
      const header = text.split('\n').filter((line) => line.startsWith('--')).join('\n')
      const statement = text.split('\n').filter((line) => !line.startsWith('--')).join('\n')
      for (const [parameter] of statement.matchAll(/\$\d+\b/g)) expect(header, `${file} says nothing of ${parameter}`).toContain(parameter)
    }
  })
})

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
}
