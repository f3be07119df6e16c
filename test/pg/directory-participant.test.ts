import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'

const SCRIPT = fileURLToPath(new URL('../../participants/directory-rsync.mjs', import.meta.url))
const hasRsync = spawnSync('rsync', ['--version']).status === 0

interface Trees extends AsyncDisposable {
  readonly source: string
  readonly target: string
  readonly cells: SmallCells
  readonly options: Readonly<Record<string, unknown>>
}

async function trees(): Promise<Trees> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-trees-'))
  const [a, b] = [join(folder, 'cell a'), join(folder, 'cell b')]
  await mkdir(join(a, 'orgs', ORG, 'deep', 'er'), { recursive: true })
  await mkdir(join(a, 'orgs', '2'), { recursive: true })
  await mkdir(join(b, 'orgs', '9'), { recursive: true })
  const source = join(a, 'orgs', ORG)
  await writeFile(join(source, 'a name with  spaces, ü and $(x).txt'), 'one')
  await writeFile(join(source, 'deep', 'er', 'script'), '#!/bin/sh\n')
  await chmod(join(source, 'deep', 'er', 'script'), 0o750)
  await symlink('er/script', join(source, 'deep', 'link'))
  await writeFile(join(source, 'big'), Buffer.alloc(300_000, 7))
  await writeFile(join(a, 'orgs', '2', 'neighbour'), 'stays')
  await writeFile(join(b, 'orgs', '9', 'neighbour'), 'stays')
  const options = { roots: { 'cell-a': a, 'cell-b': b }, path: 'orgs/{org}' }
  const cells = await smallCells({ config: { participants: [{ name: 'files', command: [process.execPath, SCRIPT], timeout: '60s', options }] }, env: { PATH: process.env['PATH'] ?? '' } })
  return {
    source,
    target: join(b, 'orgs', ORG),
    cells,
    options,
    async [Symbol.asyncDispose]() {
      await cells[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Every entry with kind, mode, time and content; folders without their times. */
async function listing(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const name = path.slice(folder.length)
      if (entry.isSymbolicLink()) return `${name} link`
      const { mode, mtimeMs } = await stat(path)
      return entry.isDirectory() ? `${name} folder ${mode}` : `${name} ${mode} ${Math.floor(mtimeMs / 1000)} ${(await readFile(path)).toString('base64').slice(0, 60)} ${(await stat(path)).size}`
    }),
  )
  return lines.sort()
}

const move = (cells: SmallCells, pauseBefore?: 'freeze' | 'cutover' | 'verify') => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', ...(pauseBefore === undefined ? {} : { pauseBefore }) }, io))

async function again(cells: SmallCells, command: 'resume' | 'abort' | 'purge') {
  const id = (await cells.moveId()) ?? ''
  return cells.run((app, io) => (command === 'purge' ? app.purge(id, {}, io) : app[command](id, io)))
}

describe.skipIf(!hasRsync)(`a directory tree by rsync${hasRsync ? '' : ' (not run: rsync is not installed on this machine)'}`, () => {
  test('goes with the move: what came before the freeze and after, and from the source at the purge; neighbours stay', async () => {
    await using made = await trees()
    const { cells, source, target } = made
    expect(await move(cells, 'freeze')).toMatchObject({ document: { state: 'paused' } })
    expect(await listing(target)).toEqual(await listing(source))
    // same size, same second: only contents tell
    const { mtime } = await stat(join(source, 'big'))
    await writeFile(join(source, 'big'), Buffer.alloc(300_000, 8))
    await promisify(execFile)('touch', ['-d', mtime.toISOString(), join(source, 'big')])
    await writeFile(join(source, 'late'), 'came later')
    await rm(join(source, 'deep', 'link'))
    const moved = await again(cells, 'resume')
    expect({ exit: moved.exit, state: moved.document?.state }, moved.message).toEqual({ exit: 0, state: 'cut_over' })
    expect(moved.document?.participants.find(({ verb }) => verb === 'verify')).toMatchObject({ state: 'done', facts: { files: '4' } })
    expect(await listing(target)).toEqual(await listing(source))
    expect(await again(cells, 'purge')).toMatchObject({ exit: 0 })
    expect([await listing(source), (await listing(target)).length]).toEqual([[], 6])
    expect(await listing(join(source, '..'))).toEqual(['/2 folder 16877', expect.stringContaining('/2/neighbour')])
    expect(await readdir(join(target, '..', '..', '.org-mover'))).toEqual([])
    expect(await readFile(join(target, '..', '9', 'neighbour'), 'utf8')).toBe('stays')
  })

  test('that was changed on the target after the synchronisation is found by its contents; resume repairs it', async () => {
    await using made = await trees()
    const { cells, source, target } = made
    expect(await move(cells, 'verify')).toMatchObject({ document: { state: 'paused' } })
    const { mtime } = await stat(join(source, 'big'))
    await writeFile(join(target, 'big'), Buffer.alloc(300_000, 9))
    await promisify(execFile)('touch', ['-d', mtime.toISOString(), join(target, 'big')])
    expect(await again(cells, 'resume')).toMatchObject({ exit: 4, code: 'OM4005', message: expect.stringMatching(/1 file\(s\) differ: .*big/) })
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(await listing(target)).toEqual(await listing(source))
  })

  test('is taken back by abort, to the last file and the mark', async () => {
    await using made = await trees()
    const { cells, source, target } = made
    const before = await listing(source)
    expect(await move(cells, 'cutover')).toMatchObject({ document: { state: 'paused' } })
    expect((await listing(target)).length).toBeGreaterThan(0)
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect([await listing(target), await listing(source)]).toEqual([[], before])
    expect(await readdir(join(target, '..', '..', '.org-mover'))).toEqual([])
    expect(await readFile(join(target, '..', '9', 'neighbour'), 'utf8')).toBe('stays')
  })

  test('that is on the target already, by nobody knows whom, stops the move before anything', async () => {
    await using made = await trees()
    const { cells, target } = made
    await mkdir(target)
    await writeFile(join(target, 'precious'), 'not ours')
    expect(await move(cells)).toMatchObject({ exit: 3, code: 'OM2007', document: { findings: expect.arrayContaining([expect.objectContaining({ code: 'OM2130', message: expect.stringContaining('cell-b has files of the organization already') })]) } })
    expect(await readFile(join(target, 'precious'), 'utf8')).toBe('not ours')
  })
})

describe('the participant for directory trees', () => {
  const ask = async (request: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const running = promisify(execFile)(process.execPath, [SCRIPT], { env: { PATH: process.env['PATH'] ?? '', ...env } })
    running.child.stdin?.end(JSON.stringify({ protocol: 1, participant: 'files', moveId: null, epoch: 0, org: '1', source: 'a', target: 'b', options: { roots: { a: '/nowhere/a', b: '/nowhere/b' }, path: '{org}' }, ...request }))
    return JSON.parse((await running).stdout)
  }

  test('says at once that rsync is missing', async () => {
    expect(await ask({ verb: 'check' }, { PATH: '/nowhere' })).toEqual({ verb: 'check', ok: false, retry: false, message: expect.stringContaining('rsync is not installed on the machine that runs org-mover') })
  })

  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['an unknown verb', { verb: 'explode' }, /verb explode is not known here/],
    ['an id that leads elsewhere', { verb: 'check', org: '../2' }, /cannot be part of a path/],
    ['an id that is a folder above', { verb: 'check', org: '..' }, /cannot be part of a path/],
    ['a path that is the same for all', { verb: 'check', options: { roots: {}, path: 'orgs' } }, /does not name \{org\}/],
    ['a cell without root', { verb: 'check', options: { roots: { a: '/x' }, path: '{org}' } }, /no absolute path for b/],
    ['one root for both', { verb: 'check', options: { roots: { a: '/x', b: '/x/' }, path: '{org}' } }, /same root/],
    ['another protocol', { verb: 'check', protocol: 2 }, /protocol 2 is not known/],
  ])('refuses %s', async (_, request, message) => {
    expect(await ask(request)).toMatchObject({ ok: false, message: expect.stringMatching(message) })
  })
})
