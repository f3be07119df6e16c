import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allNodes, commandTree } from '../../../src/cli/command-tree.js'
import { completionScript, SHELLS } from '../../../src/cli/completion.js'
import { createProgram } from '../../../src/cli/program.js'
import { Usage } from '../../../src/cli/usage.js'
import { MOVE_STATES, PHASES } from '../../../src/domain/vocabulary.js'
import { runArgv } from './support.js'

const run = promisify(execFile)
const PROGRAM = commandTree(createProgram({ usage: new Usage(), print: () => undefined, run: () => undefined }))
const GLOBAL = PROGRAM.options.map(({ long }) => long).filter((long) => long !== '--version')

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'completion-'))
  await mkdir(join(directory, 'keys'))
  await writeFile(join(directory, 'cells a.yaml'), '')
})
afterAll(() => rm(directory, { recursive: true }))

/** What a real bash offers; the last word is the one under the cursor. Words are split as readline does: `=` is one of its own. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const script = `set -u\n${completionScript('bash', PROGRAM)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _org_mover; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = await run('bash', ['--norc', '-c', script, 'bash', 'org-mover', ...words], { cwd: directory })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '').toSorted()
}

describe('completion in bash', () => {
  it('offers every command, and of the program its own options', async () => {
    const commands = PROGRAM.subcommands.map(({ path }) => path.join(' '))
    expect(commands.length).toBeGreaterThan(15)
    expect(await offered('')).toEqual([...commands, ...GLOBAL, '--version'].toSorted())
  })

  it.each(allNodes(PROGRAM).filter(({ path, subcommands }) => path.length > 0 && path[0] !== 'help' && subcommands.length === 0).map((node) => [node.path.join(' '), node] as const))('offers of %s exactly the options of its help, and those of all', async (_name, node) => {
    const own = node.options.map(({ long }) => long)
    expect(await offered(...node.path, '--')).toEqual([...new Set([...own, ...GLOBAL])].toSorted())
  })

  it('knows the command after options with values, in both spellings', async () => {
    expect(await offered('--config', 'move', 'route', 'g')).toEqual(['get'])
    expect(await offered('--config', '=', 'move', 'route', 'g')).toEqual(['get'])
    expect(await offered('move', '--org', 'route', '--pause-b')).toEqual(['--pause-before'])
    expect(await offered('--json', 'help', 'throt')).toEqual(['throttle'])
  })

  it('offers the values that are known', async () => {
    expect(await offered('move', '--pause-before', '')).toEqual([...PHASES].toSorted())
    expect(await offered('move', '--pause-before', '=')).toEqual([...PHASES].toSorted())
    expect(await offered('move', '--pause-before', '=', 'cu')).toEqual(['cutover'])
    expect(await offered('list', '--state', '')).toEqual([...MOVE_STATES].toSorted())
    expect(await offered('completion', 'b')).toEqual(['bash'])
  })

  it('offers files and directories, blanks in their names or not, and nothing where nothing is known', async () => {
    expect(await offered('--config', 'ce')).toEqual(['cells a.yaml'])
    expect(await offered('discover', '--write', '')).toEqual(['keys'])
    expect(await offered('move', '--org', '')).toEqual([])
  })
})

describe('org-mover completion', () => {
  it.each(SHELLS)('prints the script of %s, with every option of every command in it', async (shell) => {
    const ran = await runArgv(['completion', shell], {})
    expect([ran.code, ran.stdout, ran.calls]).toEqual([0, completionScript(shell, PROGRAM), []])
    const options = allNodes(PROGRAM).flatMap((node) => node.options.map(({ long }) => long))
    expect(options.filter((long) => !ran.stdout.includes(shell === 'fish' ? `-l ${long.slice(2)}` : long))).toEqual([])
  })

  it('asks for a shell that it knows', async () => {
    const ran = await runArgv(['completion', 'tcsh'], {})
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain('SHELL must be one of bash, zsh, fish')
    expect((await runArgv(['completion'], {})).stderr).toContain('SHELL is required')
  })
})
