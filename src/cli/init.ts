import { writeFile } from 'node:fs/promises'
import { loadSettings } from '../config/load-settings.js'
import type { Settings } from '../config/settings.js'
import { STARTER_CONFIG } from '../config/starter.js'
import type { Environment } from '../config/yaml-source.js'
import type { DoneDocument } from '../domain/documents.js'
import { MoverError } from '../domain/errors.js'
import type { Outcome } from './outcome.js'

/**
 * Writes a starter configuration where there is none, then sets up the control schema. A fresh starter only leads anywhere
 * once its variables are set: until then writing it is all there is to do, and no failure.
 */
export async function initialize(file: string, env: Environment, setUp: (settings: Settings) => Promise<DoneDocument>): Promise<Outcome> {
  const isNew = await writeStarter(file)
  const wrote = isNew ? [`wrote a commented starter configuration to ${file}`] : []
  const settings = await loadSettings(file, env).catch((thrown: unknown) => {
    if (isNew && thrown instanceof MoverError && thrown.code === 'OM1001') return null
    throw thrown
  })
  if (settings === null) {
    const done = [...wrote, 'the control schema waits for its settings: edit the file (or set the variables that it names), then run init again']
    return { kind: 'done', document: { done, org: null, cell: null, epoch: null, error: null }, next: 'org-mover init' }
  }
  const document = await setUp(settings)
  return { kind: 'done', document: { ...document, done: [...wrote, ...document.done] } }
}

/** False where the file is there already: it is left alone. */
async function writeStarter(file: string): Promise<boolean> {
  try {
    await writeFile(file, STARTER_CONFIG, { flag: 'wx' })
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new MoverError({
      code: 'OM1002',
      message: `the starter configuration cannot be written to ${file} (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`,
      hint: 'name a file in a directory that exists and that you may write to, with --config',
      retry: 'after-fix',
      cause,
    })
  }
}
