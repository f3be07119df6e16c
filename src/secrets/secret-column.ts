import type { Field } from '../dataplane/copy-text.js'
import { CodecError } from './codec.js'
import type { StoredValue } from './codec.js'
import { findJson, spliceJson } from './json-document.js'
import type { JsonStep } from './json-path.js'
import { chain } from './maybe.js'
import type { Maybe } from './maybe.js'
import type { Place, SecretCipher } from './secret-value.js'

/** A column of a row as the pass reads it. */
export interface ReadColumn {
  readonly name: string
  /** Among the pass's columns. */
  readonly place: number
  readonly isBytes: boolean
}

/** Secrets of a column that stand in the same place: the whole value, or what a path leads to. */
export interface SecretGroup {
  readonly path: readonly JsonStep[] | null
  readonly rules: readonly SecretCipher[]
}

export interface SecretColumn extends ReadColumn {
  readonly groups: readonly SecretGroup[]
  /** Columns that the codecs read and write with it. */
  readonly siblings: readonly ReadColumn[]
}

export interface ColumnRow {
  readonly values: readonly Field[]
  readonly holds: readonly boolean[]
  readonly place: Omit<Place, 'column' | 'siblings'>
}

/** One secret value where it stands: what may be done with it, and what it becomes. */
export interface FoundSecret {
  readonly value: StoredValue
  /** Those that apply to the row, in their order. */
  readonly rules: readonly SecretCipher[]
  readonly place: Place
}

/** What stands in a secret's place afterwards, with what belongs to it. */
export interface Replacement {
  readonly stored: StoredValue | null
  readonly siblings?: Readonly<Record<string, StoredValue | null>>
}

function storedValue(field: Field, { isBytes }: Pick<ReadColumn, 'isBytes'>): StoredValue | null {
  if (field === null) return null
  // a bytea prints as \x and its hex digits
  return isBytes ? Buffer.from(field.toString('latin1', 2), 'hex') : field.toString('utf8')
}

function fieldOf(value: StoredValue | null, { isBytes }: Pick<ReadColumn, 'isBytes'>): Field {
  if (value === null) return null
  if (isBytes) return Buffer.from(`\\x${(typeof value === 'string' ? Buffer.from(value) : value).toString('hex')}`, 'latin1')
  if (typeof value === 'string') return Buffer.from(value)
  if (!Buffer.from(value.toString('utf8')).equals(value)) throw new CodecError('layout', 'the codec yields bytes for a column of text: declare an encoding')
  return value
}

/**
 * Goes through the secrets of one column of a row, in order, and yields what the column and its siblings hold when each has been replaced: by place, and
 * nothing where the column is NULL or no rule applies.
 */
export function replaceSecrets(column: SecretColumn, row: ColumnRow, replace: (found: FoundSecret) => Maybe<Replacement>): Maybe<ReadonlyMap<number, Field>> {
  const stored = storedValue(row.values[column.place] ?? null, column)
  const groups = column.groups.every(appliesAlways) ? column.groups : column.groups.map(({ path, rules }) => ({ path, rules: rules.filter(({ when }) => when === null || row.holds[when] === true) })).filter(({ rules }) => rules.length > 0)
  const [first] = groups
  if (stored === null || first === undefined) return NOTHING
  const place = placeOf(column, row)
  if (first.path !== null) return replaceInDocument(column, stored, groups, (value, rules) => chain(replace({ value, rules, place }), (made) => made.stored))
  return chain(replace({ value: stored, rules: first.rules, place }), ({ stored: value, siblings = {} }) => {
    const written = new Map<number, Field>([[column.place, fieldOf(value, column)]])
    for (const sibling of column.siblings) if (sibling.name in siblings) written.set(sibling.place, fieldOf(siblings[sibling.name] ?? null, sibling))
    return written
  })
}

function appliesAlways({ rules }: SecretGroup): boolean {
  return rules.every(({ when }) => when === null)
}

const NOTHING: ReadonlyMap<number, Field> = new Map()

async function replaceInDocument(column: SecretColumn, stored: StoredValue, groups: readonly SecretGroup[], replace: (value: StoredValue, rules: readonly SecretCipher[]) => Maybe<StoredValue | null>): Promise<ReadonlyMap<number, Field>> {
  let document = stored.toString()
  for (const { path, rules } of groups) {
    if (path === null) continue
    const spans = findJson(document, path)
    const replacements: string[] = []
    for (const { start, end } of spans) replacements.push(await replaceJson(document.slice(start, end), (value) => replace(value, rules)))
    document = spliceJson(document, spans, replacements)
  }
  return new Map([[column.place, fieldOf(document, column)]])
}

const NO_SIBLINGS = {}

function placeOf(column: SecretColumn, { values, place }: ColumnRow): Place {
  // each member by its name: to spread an object for every value cost as much as to open it
  return { schema: place.schema, table: place.table, primaryKey: place.primaryKey, column: column.name, siblings: column.siblings.length === 0 ? NO_SIBLINGS : Object.fromEntries(column.siblings.map((sibling) => [sibling.name, storedValue(values[sibling.place] ?? null, sibling)])) }
}

/** A string is replaced as a string; an object, such as an envelope stored as one, as what the codec yields if that is JSON itself. */
async function replaceJson(token: string, replace: (value: string) => Maybe<StoredValue | null>): Promise<string> {
  if (token === 'null') return token
  const isText = token.startsWith('"')
  const value = await replace(isText ? String(JSON.parse(token)) : token)
  if (value === null) return 'null'
  const text = value.toString()
  return isText || !isJson(text) ? JSON.stringify(text) : text
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
