import { tableKey } from './catalog.js'
import type { Table } from './catalog.js'
import type { Unit } from './ownership.js'
import { ancestorsOf } from './standing.js'
import type { Tenancy } from './tenancy.js'
import type { Catalogs } from './units.js'

/** Tables of schemas that are not under tenancy.schemas and that no declaration names: nothing is classified there, no row of them moves. */
export function outsideTables(catalogs: Catalogs, database: string, { tenancy, units }: { readonly tenancy: Pick<Tenancy, 'root' | 'schemas'>; readonly units: readonly Unit[] }): readonly Table[] {
  const schemas = new Set([...tenancy.schemas, ...(tenancy.root === null ? [] : [tenancy.root.schema])])
  const classified = new Set(units.flatMap((unit) => namesAbove(catalogs, unit)))
  return (catalogs.get(database)?.tables ?? []).filter((table) => !schemas.has(table.schema) && !table.isPartition && table.extension === null && !classified.has(tableKey(table)))
}

/** The table's name and, of a leaf that stands for itself, those of the tables that it is a partition of. */
export function namesAbove(catalogs: Catalogs, { id, table }: Unit): readonly string[] {
  return [tableKey(id), ...ancestorsOf(catalogs.get(id.database), table).map(tableKey)]
}
