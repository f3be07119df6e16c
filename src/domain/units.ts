import { tableKey } from './catalog.js'
import type { Catalog, Table } from './catalog.js'
import type { DictionaryEntry } from './dictionary.js'
import { finding } from './finding.js'
import type { Finding } from './finding.js'
import { unitKey } from './ownership.js'
import type { UnitId } from './ownership.js'
import type { Tenancy } from './tenancy.js'

/** A table that ownership must be found for, with everything that was declared about it. */
export interface DraftUnit {
  readonly id: UnitId
  readonly table: Table
  readonly entry: DictionaryEntry | null
}

export type Catalogs = ReadonlyMap<string, Catalog>

/**
 * Which tables of which databases have to be classified: every ordinary or partitioned table of the tenancy's schemas, once.
 * Partitions are part of their root, unless entries give leaves rules of their own; then the leaves stand for it. A table
 * that exists in several databases counts where its entry, its class or (silent both) the cell's main database says. A
 * table that would count nowhere is a finding: its rows would be left behind without a word (P4).
 */
export function draftUnits(catalogs: Catalogs, tenancy: Tenancy): { readonly units: readonly DraftUnit[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = []
  const entries = matchEntries(catalogs, tenancy, findings)
  const units: DraftUnit[] = []
  const homeless = new Map<string, { readonly id: UnitId; readonly homes: readonly string[] }>()
  const placed = new Set<string>()
  const [mainDatabase] = catalogs.has('main') ? ['main'] : [...catalogs.keys()]
  const inMain = new Set((catalogs.get(mainDatabase ?? '')?.tables ?? []).map(tableKey))
  for (const [database, catalog] of catalogs) {
    const children = partitionsByParent(catalog)
    for (const table of catalog.tables) {
      if (table.isPartition || table.extension !== null) continue
      const entry = entries.get(tableKey(table)) ?? null
      if (entry === null && !isInSchemas(table, children, tenancy)) continue
      const homes = homesOf(entry, tenancy) ?? (inMain.has(tableKey(table)) ? [mainDatabase ?? database] : [database])
      if (!homes.includes(database)) {
        homeless.set(tableKey(table), { id: { database, schema: table.schema, name: table.name }, homes })
        continue
      }
      placed.add(tableKey(table))
      for (const member of splitByLeaves(table, children, entries)) units.push({ id: { database, schema: member.table.schema, name: member.table.name }, ...member })
    }
  }
  for (const [key, { id, homes }] of homeless) if (!placed.has(key)) findings.push(withoutHome(id, homes))
  findings.push(...unknownDatabases(catalogs, entries, tenancy))
  return { units: units.sort((a, b) => (unitKey(a.id) < unitKey(b.id) ? -1 : 1)), findings }
}

/** The schemas in which every table must be classified. */
export function schemasInScope(tenancy: Tenancy): readonly string[] {
  return [...new Set([...tenancy.schemas, ...(tenancy.root === null ? [] : [tenancy.root.schema])])]
}

/** A partitioned table is in scope with any of its partitions: rows are looked for by the root, wherever that stands. */
function isInSchemas(table: Table, children: Children, tenancy: Tenancy): boolean {
  if (schemasInScope(tenancy).includes(table.schema)) return true
  return (children.get(tableKey(table)) ?? []).some((child) => isInSchemas(child, children, tenancy))
}

function homesOf(entry: DictionaryEntry | null, tenancy: Tenancy): readonly string[] | null {
  return entry?.database ?? (entry?.class == null ? null : (tenancy.classes.get(entry.class)?.database ?? null))
}

function withoutHome(id: UnitId, homes: readonly string[]): Finding {
  return finding('OM2102', 'error', { database: id.database, schema: id.schema, table: id.name }, {
    message: `${tableKey(id)} is in database ${id.database}, but declared to hold its rows in ${homes.join(', ')}, where it is not`,
    hint: 'correct `database` of its entry or class',
  })
}

/** Rows in a database that the cell's configuration does not name would neither be moved nor missed. */
function unknownDatabases(catalogs: Catalogs, entries: ReadonlyMap<string, DictionaryEntry>, tenancy: Tenancy): readonly Finding[] {
  const named = new Map<string, string[]>()
  for (const [key, entry] of entries) {
    for (const home of homesOf(entry, tenancy) ?? []) if (!catalogs.has(home)) named.set(home, [...(named.get(home) ?? []), key])
  }
  return [...named].map(([database, tables]) =>
    finding('OM2102', 'error', { database }, {
      message: `${tables.length === 1 ? `${tables[0] ?? ''} is` : `${tables.length} tables (${tables.slice(0, 3).join(', ')}, …) are`} declared to hold rows in database ${database}, which the cell does not have`,
      hint: 'add the database to the cell, or correct `database` of the entries or of their class',
    }),
  )
}

/** Entries by the table they mean; an inline entry of the configuration wins field by field over the file's. */
function matchEntries(catalogs: Catalogs, tenancy: Tenancy, findings: Finding[]): Map<string, DictionaryEntry> {
  const known = new Set([...catalogs.values()].flatMap((catalog) => catalog.tables.map(tableKey)))
  const matched = new Map<string, DictionaryEntry>()
  for (const entry of tenancy.entries) {
    const key = candidates(entry.table, schemasInScope(tenancy)).find((candidate) => known.has(candidate))
    if (key === undefined) {
      findings.push(
        finding('OM2125', entry.origin === 'config' ? 'error' : 'warning', {}, {
          message: `${entry.place} describes table ${entry.table}, which no database of the cell has`,
          hint: 'remove the entry or correct its name; a table of another schema is written schema.table',
        }),
      )
      continue
    }
    const earlier = matched.get(key)
    matched.set(key, earlier === undefined ? entry : merge(earlier, entry))
  }
  return matched
}

/** How a name as written may be meant, best first: `schema.table` split at the first dot, or bare in one of the schemas. */
export function candidates(name: string, schemas: readonly string[]): readonly string[] {
  return [...(name.includes('.') ? [name] : []), ...schemas.map((schema) => `${schema}.${name}`)]
}

function merge(base: DictionaryEntry, over: DictionaryEntry): DictionaryEntry {
  const saysOwnership = over.shardingKey.length > 0 || over.desiredShardingKey.length > 0 || over.exempt !== null
  const owner = saysOwnership ? over : base
  return {
    table: base.table,
    origin: saysOwnership ? over.origin : base.origin,
    place: saysOwnership ? over.place : base.place,
    class: over.class ?? base.class,
    shardingKey: owner.shardingKey,
    desiredShardingKey: owner.desiredShardingKey,
    exempt: owner.exempt,
    database: over.database ?? base.database,
    unowned: over.unowned ?? base.unowned,
    matchBy: over.matchBy ?? base.matchBy,
    insertMissing: over.insertMissing || base.insertMissing,
    where: over.where ?? base.where,
    differBy: over.differBy.length > 0 ? over.differBy : base.differBy,
    purge: over.purge ?? base.purge,
    inbound: over.inbound ?? base.inbound,
    columns: { ...base.columns, ...over.columns },
  }
}

type Children = ReadonlyMap<string, readonly Table[]>

function partitionsByParent(catalog: Catalog): Children {
  const children = new Map<string, Table[]>()
  for (const table of catalog.tables) {
    if (!table.isPartition) continue
    for (const parent of table.parents) {
      const known = children.get(tableKey(parent))
      if (known === undefined) children.set(tableKey(parent), [table])
      else known.push(table)
    }
  }
  return children
}

/** The table itself, or its leaves where an entry below it says something else than the one above, never both: rows would count twice. */
function splitByLeaves(root: Table, children: Children, entries: ReadonlyMap<string, DictionaryEntry>): readonly { readonly table: Table; readonly entry: DictionaryEntry | null }[] {
  const own = entries.get(tableKey(root)) ?? null
  if (root.kind !== 'partitioned') return [{ table: root, entry: own }]
  const leaves: { table: Table; entry: DictionaryEntry | null }[] = []
  const descend = (parent: Table, inherited: DictionaryEntry | null): void => {
    for (const child of children.get(tableKey(parent)) ?? []) {
      const below = entries.get(tableKey(child))
      const entry = below === undefined ? inherited : inherited === null ? below : merge(inherited, below)
      if (child.kind === 'partitioned') descend(child, entry)
      else leaves.push({ table: child, entry })
    }
  }
  descend(root, own)
  const differs = leaves.some((leaf) => rulesOf(leaf.entry) !== rulesOf(own))
  return differs ? leaves : [{ table: root, entry: own }]
}

/** Everything that an entry says, as text: a leaf whose columns have rules of their own would lose them under its root. */
function rulesOf(entry: DictionaryEntry | null): string {
  return JSON.stringify({ ...SILENT, ...entry, table: '', origin: '', place: '' })
}

const SILENT: Omit<DictionaryEntry, 'table' | 'origin' | 'place'> = {
  class: null,
  shardingKey: [],
  desiredShardingKey: [],
  database: null,
  exempt: null,
  unowned: null,
  matchBy: null,
  insertMissing: false,
  where: null,
  differBy: [],
  purge: null,
  inbound: null,
  columns: {},
}
