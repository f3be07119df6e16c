import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.js'
import { Usage } from '../../src/cli/usage.js'
import { configJsonSchema } from '../../src/config/json-schema.js'
import { loadSettings } from '../../src/config/load-settings.js'
import { ERROR_CATALOGUE } from '../../src/domain/error-catalogue.js'
import { EXIT_CODES } from '../../src/domain/exit-code.js'

const root = new URL('../../', import.meta.url)
const page = (name: string): string => readFileSync(new URL(name, root), 'utf8')

/** Names of all properties of a JSON schema, at any depth. */
function propertiesOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema && typeof schema.properties === 'object' && schema.properties !== null ? Object.keys(schema.properties) : []
  return [...own, ...Object.values(schema).flatMap(propertiesOf)]
}

function commandsOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsOf)]
}

/** The words of a page that stand as code within its text; blocks of code are examples. */
function codeWords(text: string): ReadonlySet<string> {
  const spans = text.replaceAll(/^```[^]*?^```/gm, '').match(/`[^`]+`/g) ?? []
  return new Set(spans.flatMap((span) => span.split(/[^\w-]+/)))
}

describe('docs/configuration.md', () => {
  const named = codeWords(page('docs/configuration.md'))
  const keys = [...new Set(propertiesOf(JSON.parse(configJsonSchema())))]
  const commands = commandsOf(createProgram({ usage: new Usage(), print: () => undefined, run: () => undefined }))
  const flags = [...new Set(commands.flatMap((command) => command.options.map((option) => option.long ?? option.flags)))]

  it('names every key of the configuration', () => {
    expect(keys.length).toBeGreaterThan(40)
    expect(keys.filter((key) => !named.has(key))).toEqual([])
  })

  it('names every flag of every command, and every command', () => {
    expect(flags.length).toBeGreaterThan(12)
    expect(flags.filter((flag) => !named.has(flag))).toEqual([])
    const names = commands.slice(1).map((command) => command.name())
    expect(names.filter((name) => !named.has(name))).toEqual([])
  })

  it('tells in the row of each command exactly the flags and arguments that its help has', () => {
    const rows = new Map([...page('docs/configuration.md').matchAll(/^\| `([a-z ]+)` \|(.*)\|$/gm)].map(([, name = '', text = '']) => [name, text]))
    const leaves = commands.slice(1).filter((command) => command.commands.length === 0)
    expect(leaves.length).toBeGreaterThan(15)
    const told = (text: string): readonly string[] => [...new Set([...text.matchAll(/`\[?(--[a-z-]+|[A-Z][A-Z_]+)/g)].map(([, word = '']) => word))].sort()
    const inHelp = (command: Command): readonly string[] => [...command.options.map((option) => option.long ?? option.flags), ...command.registeredArguments.map((argument) => argument.name())].sort()
    const fullName = (command: Command): string => (command.parent?.parent == null ? command.name() : `${command.parent.name()} ${command.name()}`)
    expect(leaves.map((command) => [fullName(command), told(rows.get(fullName(command)) ?? 'no row')])).toEqual(leaves.map((command) => [fullName(command), inHelp(command)]))
  })

  it('tells the flags of all commands before them', () => {
    const common = /^Of all commands:[^]*?\n\n/m.exec(page('docs/configuration.md'))?.[0] ?? ''
    const global = commands[0]?.options.map((option) => option.long ?? option.flags) ?? []
    expect(global.length).toBeGreaterThan(5)
    expect([...global, '--help'].filter((flag) => !common.includes(`\`${flag}`))).toEqual([])
  })
})

describe('README.md', () => {
  const text = page('README.md')

  it('lists every exit code that an error can end in', () => {
    const exits = [...new Set(Object.values(ERROR_CATALOGUE).map(({ exit }) => exit))]
    expect(exits.filter((exit) => !new RegExp(`^\\| ${exit}\\b`, 'm').test(text))).toEqual([])
  })

  it('tells exit codes as the manual page does', () => {
    const rows = [...text.matchAll(/^\| (\d[\d, ]*) \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning?.replaceAll('`', '')])
    expect(rows).toEqual(EXIT_CODES)
  })

  it('links only to files that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? '')
    expect(links.length).toBeGreaterThan(3)
    for (const link of links) expect(() => readFileSync(new URL(link, root))).not.toThrow(/ENOENT/)
  })
})

describe('examples/', () => {
  it('has a configuration that loads', async () => {
    const env = { CELL_A_URL: 'postgres://mover@a.example/app', CELL_B_URL: 'postgres://mover@b.example/app', CONTROL_URL: 'postgres://mover@c.example/control' }
    const settings = await loadSettings(fileURLToPath(new URL('examples/org-mover.yaml', root)), env)
    expect([...settings.cells.keys()]).toEqual(['cell-a', 'cell-b'])
    expect(settings.tenancy.entries.length).toBeGreaterThan(3)
  })
})

describe('findings', () => {
  const sources = (folder: string): string => readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => page(`${folder}${name}`)).join('\n')

  it('are each provoked by a test', () => {
    const codes = [...new Set([...sources('src/').matchAll(/(?:finding\(|reportRows\(exam, )'(OM\d{4})'/g)].map((match) => match[1] ?? ''))]
    expect(codes.length).toBeGreaterThan(30)
    const tests = sources('test/pg/') + sources('test/e2e/') + sources('test/fault/')
    expect(codes.filter((code) => !tests.includes(code))).toEqual([])
  })
})
