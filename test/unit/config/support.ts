import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadSettings } from '../../../src/config/load-settings.js'
import type { Settings } from '../../../src/config/settings.js'
import { MoverError } from '../../../src/domain/errors.js'

export const MINIMAL = `cells:
  cell-a: {databases: {main: "postgres://a@localhost/a"}}
  cell-b: {databases: {main: "postgres://b@localhost/b"}}
control: postgres://c@localhost/c
`

/** A throw-away directory with these files. */
export async function withFiles<T>(files: Readonly<Record<string, string>>, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'org-mover-config-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), text)
    }
    return await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

export async function load(yaml: string, env: Readonly<Record<string, string>> = {}, files: Readonly<Record<string, string>> = {}): Promise<Settings> {
  return withFiles({ ...files, 'org-mover.yaml': yaml }, (directory) => loadSettings(join(directory, 'org-mover.yaml'), env))
}

/** The error of a load that must fail; its message with the temporary directory left out. */
export async function failureOf(yaml: string, env: Readonly<Record<string, string>> = {}, files: Readonly<Record<string, string>> = {}): Promise<{ readonly code: string; readonly text: string }> {
  const error = await load(yaml, env, files).then(
    () => null,
    (caught: unknown) => caught,
  )
  if (!(error instanceof MoverError)) throw new Error('expected the load to fail with a MoverError', { cause: error })
  return { code: error.code, text: `${error.message}\n${error.hint}`.replaceAll(/[^\s]*org-mover-config-\w+\//g, '') }
}
