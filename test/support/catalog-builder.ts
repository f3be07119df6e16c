import { toEntry } from '../../src/config/entries.js'
import type { RawEntry } from '../../src/config/dictionary-schema.js'
import type { Catalog, ForeignKey, Table, TableName } from '../../src/domain/catalog.js'
import type { DictionaryEntry } from '../../src/domain/dictionary.js'
import type { Tenancy } from '../../src/domain/tenancy.js'
import { catalog, column, index, table } from './catalog-fixture.js'

/**
 * A catalog from a few words: `{notes: 'id pk, project_id! > projects, parent_id > notes'}`. `!` is NOT NULL, `pk` a column of the
 * primary key (`id pk` in the table referred to, unless `table.column` says otherwise). A table of another schema is `schema.table`.
 */
export function buildCatalog(tables: Readonly<Record<string, string>>, options: BuildOptions = {}): Catalog {
  const foreignKeys: ForeignKey[] = []
  const built = Object.entries(tables).map(([name, text]): Table => {
    const id = tableName(name)
    const parsed = text.split(',').map((part) => parseColumn(part.trim()))
    for (const { name: from, references } of parsed) if (references !== null) foreignKeys.push(foreignKey(id, [from], tableName(references.table), [references.column]))
    const key = parsed.filter((one) => one.isKey).map((one) => one.name)
    return table(id.name, {
      schema: id.schema,
      columns: parsed.map((one, n) => column(one.name, { attnum: n + 1, notNull: one.isKey || one.isNotNull })),
      indexes: key.length === 0 ? [] : [index(key, { name: `${id.name}_pkey`, isPrimary: true, isUnique: true })],
      ...options.partitions?.[name],
    })
  })
  for (const [name, keys] of Object.entries(options.composite ?? {})) {
    for (const [columns, parent, referenced] of keys) foreignKeys.push(foreignKey(tableName(name), columns, tableName(parent), referenced))
  }
  return catalog(built, { foreignKeys, schemas: [...new Set(built.map((one) => one.schema))] })
}

interface BuildOptions {
  readonly composite?: Readonly<Record<string, readonly (readonly [columns: readonly string[], parent: string, referenced: readonly string[]])[]>>
  readonly partitions?: Readonly<Record<string, Partial<Table>>>
}

/** For `partitions`: this table is partitioned, or a partition of another. */
export const PARTITIONED: Partial<Table> = { kind: 'partitioned', partitionKey: 'LIST (kind)' }

export function partitionOf(parent: string, over: Partial<Table> = {}): Partial<Table> {
  return { isPartition: true, parents: [tableName(parent)], partitionBound: 'FOR VALUES IN (1)', ...over }
}

export function buildTenancy(over: Partial<Tenancy> = {}): Tenancy {
  return { root: { schema: 'public', name: 'organizations' }, rootKey: 'id', shardingKey: ['organization_id'], unowned: 'error', schemas: ['public'], classes: new Map(), entries: [], hasDictionary: false, problems: [], ...over }
}

/** As a dictionary file says it; `inline` as the configuration does. */
export function described(name: string, raw: RawEntry, className: string | null = null): DictionaryEntry {
  return toEntry({ table: name, origin: 'dictionary', place: `dictionary/${name}.yml:1`, class: className }, raw)
}

export function inline(name: string, raw: RawEntry): DictionaryEntry {
  return toEntry({ table: name, origin: 'config', place: `org-mover.yaml tenancy.tables["${name}"]`, class: null }, raw)
}

function tableName(text: string): TableName {
  const [first = '', second] = text.split('.')
  return second === undefined ? { schema: 'public', name: first } : { schema: first, name: second }
}

function parseColumn(text: string): { readonly name: string; readonly isKey: boolean; readonly isNotNull: boolean; readonly references: { readonly table: string; readonly column: string } | null } {
  const [, name = '', bang, key, parent, referenced] = /^(\w+)(!)?( pk)?(?: > ([\w.]+)(?:\((\w+)\))?)?$/.exec(text) ?? []
  if (name === '') throw new Error(`cannot read the column "${text}"`)
  return { name, isKey: key !== undefined, isNotNull: bang !== undefined, references: parent === undefined ? null : { table: parent, column: referenced ?? 'id' } }
}

function foreignKey(from: TableName, columns: readonly string[], references: TableName, referencedColumns: readonly string[]): ForeignKey {
  return { name: `${from.name}_${columns.join('_')}_fkey`, table: from, columns, references, referencedColumns, deferrable: false, validated: true, onDelete: 'no action', matchFull: false }
}
