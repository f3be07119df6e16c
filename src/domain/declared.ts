import type { Declarations } from './ownership.js'
import type { Tenancy } from './tenancy.js'
import type { DraftUnit } from './units.js'

/** The exempt strategy that an entry, or else its class, declares; a sharding key of the table's own overrides its class. */
export function strategyOf(draft: DraftUnit, tenancy: Tenancy): 'skip' | 'lookup' | 'shared' | 'query' | null {
  const { entry } = draft
  if (entry === null) return null
  if (entry.exempt !== null) return entry.exempt
  if (entry.shardingKey.length > 0 || entry.desiredShardingKey.length > 0) return null
  return entry.class === null ? null : (tenancy.classes.get(entry.class)?.exempt ?? null)
}

/** What is declared about a table besides its ownership, defaults filled in. */
export function declarationsOf({ entry }: DraftUnit, tenancy: Tenancy): Declarations {
  return {
    place: entry?.place ?? null,
    unowned: entry?.unowned ?? tenancy.unowned,
    matchBy: entry?.matchBy ?? null,
    insertMissing: entry?.insertMissing ?? false,
    where: entry?.where ?? null,
    differBy: entry?.differBy ?? [],
    purge: entry?.purge ?? null,
    inbound: entry?.inbound ?? null,
    columns: entry?.columns ?? {},
  }
}
