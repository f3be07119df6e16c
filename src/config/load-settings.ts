import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { MoverError } from '../domain/errors.js'
import { buildSettings } from './build-settings.js'
import { configSchema } from './config-schema.js'
import { crossChecks } from './cross-checks.js'
import { readDictionary } from './dictionary-files.js'
import { inFileOrder, listProblems } from './problems.js'
import type { Problem } from './problems.js'
import { schemaProblems } from './schema-problems.js'
import type { Settings } from './settings.js'
import { readYaml } from './yaml-source.js'
import type { Environment, YamlSource } from './yaml-source.js'

/**
 * Reads and checks the configuration and its dictionary; `${NAME}` is replaced from `env`. Throws OM1002 where the file cannot
 * be read, OM1001 with every problem of it; those of the dictionary come along in the settings. No message holds a value of the file.
 */
export async function loadSettings(file: string, env: Environment): Promise<Settings> {
  const absolute = resolve(file)
  const source = readYaml(file, await readConfig(file), env)
  const data = withoutEmptySections(source.data)
  const parsed = configSchema.safeParse(data)
  const problems = [
    ...source.problems,
    ...(parsed.success || source.data === undefined ? [] : schemaProblems(parsed.error, source)),
    ...(source.data === undefined ? [] : crossChecks(source)),
  ]
  if (problems.length > 0 || !parsed.success) throw wrongConfig(file, problems)
  const directory = dirname(absolute)
  const dictionary = parsed.data.tenancy?.dictionary
  const place = (path: string): string => relative(directory, path)
  const files = dictionary === undefined ? { entries: [], problems: [] } : await readDictionary(resolve(directory, dictionary), { place, missing: () => missingDictionary(file, source) })
  return buildSettings(parsed.data, { file: absolute, directory, label: file, dictionary: files, environment: env })
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    throw new MoverError({
      code: 'OM1002',
      message: `the configuration file ${file} ${reason}`,
      hint: 'name the file with --config or ORG_MOVER_CONFIG, or let `org-mover init` write a commented one',
      retry: 'after-fix',
      cause,
    })
  }
}

/** `maintenance:` with every line below it commented out is null in YAML; the operator means "nothing said". */
function withoutEmptySections(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data
  const optional = new Set(['routing', 'tenancy', 'secrets', 'maintenance', 'participants', 'copy', 'classes', 'tables', 'cell_values'])
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key, value]) => !(value === null && optional.has(key)))
      .map(([key, value]) => [key, optional.has(key) ? withoutEmptySections(value) : value]),
  )
}

function wrongConfig(file: string, problems: readonly Problem[]): MoverError {
  const isOne = problems.length === 1
  return new MoverError({
    code: 'OM1001',
    message: `the configuration ${file} has ${isOne ? 'a problem' : `${problems.length} problems`}:\n${listProblems(inFileOrder(problems))}`,
    hint: `correct ${isOne ? 'it' : 'them all'} and run the command again; schema/config.schema.json lets an editor check the file`,
    retry: 'after-fix',
  })
}

function missingDictionary(file: string, source: YamlSource): MoverError {
  const path = ['tenancy', 'dictionary']
  return wrongConfig(file, [{ place: source.placeOf(path), path, text: 'this directory does not exist or cannot be read' }])
}
