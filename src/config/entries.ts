import type { ColumnRule, DesiredKey, DictionaryEntry, KeyReference, SecretRule } from '../domain/dictionary.js'
import type { RawColumnRule, RawEntry, RawSecretRule } from './dictionary-schema.js'
import { parseKeyReference } from './key-reference.js'

export type EntryOrigin = Pick<DictionaryEntry, 'table' | 'origin' | 'place' | 'class'>

/** What was written about a table, in the form that ownership works with. `raw` has passed its schema. */
export function toEntry(origin: EntryOrigin, raw: RawEntry): DictionaryEntry {
  return {
    ...origin,
    shardingKey: keyReferences(raw.sharding_key ?? {}),
    desiredShardingKey: desiredKeys(raw.desired_sharding_key ?? {}),
    database: raw.database === undefined ? null : listOf(raw.database),
    exempt: raw.exempt ?? null,
    unowned: raw.unowned ?? null,
    matchBy: raw.match_by === undefined ? null : listOf(raw.match_by),
    insertMissing: raw.insert_missing ?? false,
    where: raw.where ?? null,
    differBy: listOf(raw.differ_by ?? []),
    purge: raw.purge ?? null,
    inbound: raw.inbound ?? null,
    columns: Object.fromEntries(Object.entries(raw.columns ?? {}).map(([column, rule]) => [column, columnRule(rule)])),
  }
}

export function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

function keyReferences(raw: Readonly<Record<string, string>>): readonly KeyReference[] {
  return Object.entries(raw)
    .map(([columns, target]) => parseKeyReference(columns, target))
    .filter((reference) => typeof reference !== 'string')
}

function desiredKeys(raw: NonNullable<RawEntry['desired_sharding_key']>): readonly DesiredKey[] {
  return Object.entries(raw).flatMap(([column, desired]) => {
    const parent = desired.backfill_via?.parent
    if (parent === undefined) return []
    return [{ column, foreignKey: parent.foreign_key, parent: parent.table, parentKey: parent.table_primary_key ?? 'id' }]
  })
}

function columnRule(raw: RawColumnRule): ColumnRule {
  if ('lookup' in raw) return { kind: 'lookup', table: raw.lookup }
  if ('map' in raw) return { kind: 'map', map: Object.fromEntries(Object.entries(raw.map).map(([from, to]) => [from, textOf(to)])) }
  if ('set' in raw) return { kind: 'set', value: textOf(raw.set) }
  return { kind: 'secret', secrets: listOf(raw.secret).map(secretRule) }
}

function secretRule({ codec, key, path, when, clear, unreadable, accept_loss: acceptLoss, ...options }: RawSecretRule): SecretRule {
  return { codec, key: key ?? '', path: path ?? null, when: when ?? null, clear: clear ?? 'error', unreadable: unreadable ?? 'stop', acceptLoss: acceptLoss ?? null, options }
}

/** Values of the database are text everywhere in the program. */
function textOf(value: string | number | boolean | null): string | null {
  return value === null ? null : String(value)
}
