import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeReadableCopy } from '../../src/sandbox/readable-copy.js'

describe('a copy of the binaries for a user who cannot reach the checkout', () => {
  let folder: string
  let native: string
  let copy: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'org-mover-test-'))
    native = join(folder, 'package', 'native')
    copy = join(folder, 'copy')
    await mkdir(join(native, 'bin'), { recursive: true, mode: 0o700 })
    await mkdir(join(native, 'lib'), { recursive: true, mode: 0o700 })
    await writeFile(join(native, 'bin', 'postgres'), 'program', { mode: 0o700 })
    await writeFile(join(native, 'lib', 'libpq.so.5.17'), 'library', { mode: 0o600 })
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify([{ source: 'native/lib/libpq.so.5.17', target: 'native/lib/libpq.so.5' }]))
  })

  afterEach(async () => rm(folder, { recursive: true, force: true }))

  it('may be read and run by everybody, and has the links that npm left out', async () => {
    await makeReadableCopy(native, copy)
    expect((await stat(join(copy, 'bin', 'postgres'))).mode & 0o777).toBe(0o755)
    expect((await stat(join(copy, 'lib', 'libpq.so.5.17'))).mode & 0o777).toBe(0o644)
    expect((await lstat(join(copy, 'lib', 'libpq.so.5'))).isSymbolicLink()).toBe(true)
    expect(await readFile(join(copy, 'lib', 'libpq.so.5'), 'utf8')).toBe('library')
  })

  it('is made once by many at the same time, and is made anew when files of it are gone', async () => {
    await Promise.all([1, 2, 3, 4].map(() => makeReadableCopy(native, copy)))
    const made = await stat(copy)
    await makeReadableCopy(native, copy)
    expect((await stat(copy)).ino).toBe(made.ino)
    await rm(join(copy, 'bin', 'postgres'))
    await makeReadableCopy(native, copy)
    expect(await readFile(join(copy, 'bin', 'postgres'), 'utf8')).toBe('program')
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['copy', 'package']))
    expect(await readdir(folder)).toHaveLength(2)
  })
})
