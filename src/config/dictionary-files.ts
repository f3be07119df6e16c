import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DictionaryEntry } from '../domain/dictionary.js'
import type { MoverError } from '../domain/errors.js'
import { dictionaryFileSchema } from './dictionary-schema.js'
import type { RawDictionaryFile } from './dictionary-schema.js'
import { toEntry } from './entries.js'
import { listProblems } from './problems.js'
import type { Problem } from './problems.js'
import { schemaProblems } from './schema-problems.js'
import { readYaml } from './yaml-source.js'

export interface DictionaryOptions {
  /** How a file is called in messages and in `DictionaryEntry.place`. */
  readonly place: (path: string) => string
  /** What to throw where the directory cannot be read. */
  readonly missing: () => MoverError
}

export interface Dictionary {
  readonly entries: readonly DictionaryEntry[]
  /** Each with file and line. */
  readonly problems: readonly string[]
}

/** GitLab keeps descriptions of views and of dropped tables beside those of tables. */
const NOT_TABLES = new Set(['views', 'deleted_tables', 'deleted_views'])
const FILES_AT_ONCE = 32

/**
 * Every table described in a directory, read recursively, in the order of the file names. Files that describe something else
 * (a view, a migration) are passed over. All problems of all files come along, to be told with those that only a cell's catalog shows.
 */
export async function readDictionary(directory: string, options: DictionaryOptions): Promise<Dictionary> {
  const files = await listFiles(directory).catch(() => Promise.reject(options.missing()))
  const entries: DictionaryEntry[] = []
  const problems: Problem[] = []
  for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
    const read = await Promise.all(files.slice(start, start + FILES_AT_ONCE).map((file) => readEntry(file, options.place(file))))
    for (const result of read) {
      problems.push(...result.problems)
      if (result.entry !== null) entries.push(result.entry)
    }
  }
  const { once, twice } = describedOnce(entries)
  return { entries: once, problems: [...problems, ...twice].map((problem) => listProblems([problem]).trim()) }
}

async function listFiles(directory: string): Promise<readonly string[]> {
  const children = await readdir(directory, { withFileTypes: true })
  const nested = await Promise.all(
    children
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(async (child): Promise<readonly string[]> => {
        const path = join(directory, child.name)
        if (child.isDirectory()) return NOT_TABLES.has(child.name) ? [] : listFiles(path)
        return /\.ya?ml$/.test(child.name) ? [path] : []
      }),
  )
  return nested.flat()
}

async function readEntry(path: string, label: string): Promise<{ readonly entry: DictionaryEntry | null; readonly problems: readonly Problem[] }> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return { entry: null, problems: [{ place: label, path: [], text: 'cannot be read' }] }
  const source = readYaml(label, text, null)
  if (source.problems.length > 0) return { entry: null, problems: source.problems }
  if (!describesTable(source.data)) return { entry: null, problems: [] }
  const parsed = dictionaryFileSchema.safeParse(source.data)
  if (!parsed.success) return { entry: null, problems: schemaProblems(parsed.error, source) }
  return { entry: fileEntry(parsed.data, source.placeOf(['table_name'])), problems: [] }
}

/** A file that says who owns rows but not of which table is a slip, not a file of another kind. */
function describesTable(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false
  if ('table_name' in data) return true
  return !('view_name' in data) && ('move' in data || 'sharding_key' in data || 'desired_sharding_key' in data)
}

function fileEntry(raw: RawDictionaryFile, place: string): DictionaryEntry {
  return toEntry(
    { table: raw.table_name, origin: 'dictionary', place, class: raw.gitlab_schema ?? null },
    { ...raw.move, sharding_key: raw.sharding_key ?? undefined, desired_sharding_key: raw.desired_sharding_key ?? undefined },
  )
}

function describedOnce(entries: readonly DictionaryEntry[]): { readonly once: readonly DictionaryEntry[]; readonly twice: readonly Problem[] } {
  const first = new Map<string, DictionaryEntry>()
  const twice: Problem[] = []
  for (const entry of entries) {
    const other = first.get(entry.table)
    if (other === undefined) first.set(entry.table, entry)
    else twice.push({ place: entry.place, path: ['table_name'], text: `${entry.table} is described in ${other.place} already` })
  }
  return { once: [...first.values()], twice }
}
