import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { tableKey } from '../domain/catalog.js'
import type { DiscoverDocument } from '../domain/documents.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import type { Unit } from '../domain/ownership.js'
import { candidates, schemasInScope } from '../domain/units.js'
import { dictionaryContext, dictionaryFile } from './dictionary-file.js'
import { classifyCell, discoverDocument } from './discover.js'
import type { ClassifiedCell, DiscoverInput } from './discover.js'

interface Outcome {
  readonly written: number
  /** Files, or tables with the file that describes them, that were left alone. */
  readonly kept: readonly string[]
  readonly unwritable: readonly Unit[]
}

/**
 * One file per table into `directory`, which is made if need be; an operator's edits are never lost: what exists already, or is described in
 * a dictionary that belongs with this directory, is left as it is and named in a warning. Throws OM1002 where the directory cannot be written.
 */
export async function writeDictionary(input: DiscoverInput & { readonly directory: string }): Promise<DiscoverDocument> {
  const classified = await classifyCell(input)
  const document = discoverDocument(input, classified)
  const outcome = await writeFiles(input, classified)
  return { ...document, findings: [...document.findings, ...told(input, outcome)] }
}

async function writeFiles({ settings, cell, directory }: DiscoverInput & { readonly directory: string }, classified: ClassifiedCell): Promise<Outcome> {
  const { tenancy } = settings
  const { units } = classified
  const databases = [...(settings.cells.get(cell)?.databases.keys() ?? [])]
  const context = dictionaryContext(classified, tenancy, databases.includes('main') ? 'main' : (databases[0] ?? 'main'))
  const described = describedTables(settings, directory, new Set(units.map((unit) => tableKey(unit.id))))
  const [kept, unwritable]: [string[], Unit[]] = [[], []]
  const used = new Set<string>()
  let written = 0
  await attempt(directory, () => mkdir(directory, { recursive: true }))
  for (const copies of byTable(units)) {
    const [unit] = copies
    const place = described.get(tableKey(unit.id))
    const text = dictionaryFile(copies, context)
    if (place !== undefined) kept.push(place)
    else if (text === null) unwritable.push(unit)
    else {
      const name = fileName(unit, tenancy.schemas[0] ?? 'public', used)
      if (await attempt(directory, () => writeNew(join(directory, name), text))) written += 1
      else kept.push(name)
    }
  }
  return { written, kept, unwritable }
}

/** Tables that a file of the configured dictionary describes, where that would be read together with `directory`. */
function describedTables(settings: DiscoverInput['settings'], directory: string, known: ReadonlySet<string>): ReadonlyMap<string, string> {
  const described = new Map<string, string>()
  for (const entry of settings.tenancy.entries) {
    if (entry.origin !== 'dictionary') continue
    const file = resolve(dirname(settings.file), entry.place.replace(/:\d+$/, ''))
    if (!isWithin(dirname(file), resolve(directory)) && !isWithin(resolve(directory), dirname(file))) continue
    const meant = candidates(entry.table, schemasInScope(settings.tenancy)).find((name) => known.has(name))
    if (meant !== undefined) described.set(meant, entry.place.replace(/:\d+$/, ''))
  }
  return described
}

function isWithin(inner: string, outer: string): boolean {
  const path = relative(outer, inner)
  return !isAbsolute(path) && path.split(sep)[0] !== '..'
}

function byTable(units: readonly Unit[]): readonly (readonly [Unit, ...Unit[]])[] {
  const tables = new Map<string, [Unit, ...Unit[]]>()
  for (const unit of units) {
    const known = tables.get(tableKey(unit.id))
    if (known === undefined) tables.set(tableKey(unit.id), [unit])
    else known.push(unit)
  }
  return [...tables.values()]
}

/** Also on a file system that takes Users and users for one. */
function fileName({ id }: Unit, defaultSchema: string, used: Set<string>): string {
  const base = (id.schema === defaultSchema ? id.name : tableKey(id)).replaceAll(/[^\w.-]/g, '_').replace(/^\./, '_')
  let name = `${base}.yml`
  for (let n = 2; used.has(name.toLowerCase()); n += 1) name = `${base}-${n}.yml`
  used.add(name.toLowerCase())
  return name
}

/** False where the file is there already. */
async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function attempt<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new MoverError({ code: 'OM1002', message: `the directory ${directory} cannot be written (${codeOf(cause) ?? 'unknown reason'})`, hint: 'name another directory with --write, or make this one writable', retry: 'after-fix', cause })
  }
}

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : null
}

function told({ cell, directory }: { readonly cell: string; readonly directory: string }, { written, kept, unwritable }: Outcome): readonly Finding[] {
  const some = kept.length <= 5 ? kept.join(', ') : `${kept.slice(0, 5).join(', ')} and ${kept.length - 5} more`
  return [
    ...(kept.length === 0
      ? []
      : [finding('OM2125', 'warning', { cell }, { message: `${kept.length} tables are described already; their files were left as they are (${some}), ${written} new files were written to ${directory}`, hint: 'remove a file to have it written anew, or compare by writing to an empty directory' }, { count: kept.length })]),
    ...unwritable.map((unit) =>
      finding('OM2125', 'warning', { cell, database: unit.id.database, schema: unit.id.schema, table: unit.id.name }, {
        message: `no file was written for ${tableKey(unit.id)}: its names have commas or brackets, or two keys share a column, which a sharding_key cannot say`,
        hint: 'nothing to do as long as it is inferred; else declare it query',
      }),
    ),
  ]
}
