import { tableKey } from './catalog.js'
import type { Catalog, Table, TableName } from './catalog.js'
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
 * Partitions are part of their root, unless entries give leaves another ownership; then the leaves stand for it. A table
 * that exists in several databases counts where its entry, its class or (silent both) the cell's main database says.
 */
export function draftUnits(catalogs: Catalogs, tenancy: Tenancy): { readonly units: readonly DraftUnit[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = []
  const entries = matchEntries(catalogs, tenancy, findings)
  const units: DraftUnit[] = []
  const [mainDatabase] = catalogs.has('main') ? ['main'] : [...catalogs.keys()]
  for (const [database, catalog] of catalogs) {
    const inScope = new Set([...tenancy.schemas, ...(tenancy.root === null ? [] : [tenancy.root.schema])])
    for (const table of catalog.tables) {
      if (table.isPartition || table.extension !== null) continue
      const entry = entries.get(tableKey(table)) ?? null
      if (!inScope.has(table.schema) && entry === null) continue
      const homes = homesOf(entry, tenancy) ?? (isIn(catalogs.get(mainDatabase ?? ''), table) ? [mainDatabase] : [database])
      if (!homes.includes(database)) continue
      for (const member of splitByLeaves(catalog, table, entries)) units.push({ id: { database, schema: member.table.schema, name: member.table.name }, ...member })
    }
  }
  return { units: units.sort((a, b) => (unitKey(a.id) < unitKey(b.id) ? -1 : 1)), findings }
}

function homesOf(entry: DictionaryEntry | null, tenancy: Tenancy): readonly string[] | null {
  return entry?.database ?? (entry?.class == null ? null : (tenancy.classes.get(entry.class)?.database ?? null))
}

function isIn(catalog: Catalog | undefined, table: TableName): boolean {
  return catalog?.tables.some((t) => t.schema === table.schema && t.name === table.name) ?? false
}

/** Entries by the table they mean; an inline entry of the configuration wins field by field over the file's. */
function matchEntries(catalogs: Catalogs, tenancy: Tenancy, findings: Finding[]): Map<string, DictionaryEntry> {
  const known = new Set([...catalogs.values()].flatMap((catalog) => catalog.tables.map(tableKey)))
  const matched = new Map<string, DictionaryEntry>()
  for (const entry of tenancy.entries) {
    const key = candidates(entry.table, tenancy.schemas).find((candidate) => known.has(candidate))
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

/** The table itself, or its leaves where an entry below it says another ownership than the one above (never both: trap 68). */
function splitByLeaves(catalog: Catalog, root: Table, entries: ReadonlyMap<string, DictionaryEntry>): readonly { readonly table: Table; readonly entry: DictionaryEntry | null }[] {
  const own = entries.get(tableKey(root)) ?? null
  if (root.kind !== 'partitioned') return [{ table: root, entry: own }]
  const leaves: { table: Table; entry: DictionaryEntry | null }[] = []
  const descend = (parent: Table, inherited: DictionaryEntry | null): void => {
    for (const child of catalog.tables) {
      if (!child.isPartition || !child.parents.some((p) => tableKey(p) === tableKey(parent))) continue
      const below = entries.get(tableKey(child))
      const entry = below === undefined ? inherited : inherited === null ? below : merge(inherited, below)
      if (child.kind === 'partitioned') descend(child, entry)
      else leaves.push({ table: child, entry })
    }
  }
  descend(root, own)
  const differs = leaves.some((leaf) => ownershipOf(leaf.entry) !== ownershipOf(own))
  return differs ? leaves : [{ table: root, entry: own }]
}

function ownershipOf(entry: DictionaryEntry | null): string {
  return entry === null ? '' : JSON.stringify([entry.shardingKey, entry.desiredShardingKey, entry.exempt, entry.where, entry.class])
}
