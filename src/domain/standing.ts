import { tableNamed } from './catalog.js'
import type { Catalog, Table, TableName } from './catalog.js'
import { unitKey } from './ownership.js'
import type { UnitId } from './ownership.js'
import type { Catalogs } from './units.js'

/** What stands for a table in a classification: itself, the leaves below it that have rules of their own, or what it is a leaf of. */
export type Standing = (id: UnitId) => readonly UnitId[]

/** A reference to a partitioned table whose leaves stand for themselves is one to the union of them. Pure; found at once for each table. */
export function standingFor(units: readonly { readonly id: UnitId; readonly table: Table }[], catalogs: Catalogs): Standing {
  const known = new Set(units.map(({ id }) => unitKey(id)))
  const leaves = new Map<string, UnitId[]>()
  for (const { id, table } of units) {
    for (const above of ancestorsOf(catalogs.get(id.database), table)) {
      const key = unitKey({ database: id.database, ...above })
      const found = leaves.get(key)
      if (found === undefined) leaves.set(key, [id])
      else found.push(id)
    }
  }
  return (id) => {
    if (known.has(unitKey(id))) return [id]
    const below = leaves.get(unitKey(id))
    if (below !== undefined) return below
    const catalog = catalogs.get(id.database)
    const table = tableNamed(catalog, id)
    const above = table === undefined ? undefined : ancestorsOf(catalog, table).find((name) => known.has(unitKey({ database: id.database, ...name })))
    return above === undefined ? [] : [{ database: id.database, ...above }]
  }
}

/** The tables that a partition is part of, the nearest first. */
export function ancestorsOf(catalog: Catalog | undefined, table: Table): readonly TableName[] {
  if (!table.isPartition) return []
  return table.parents.flatMap((parent) => {
    const found = tableNamed(catalog, parent)
    return [{ schema: parent.schema, name: parent.name }, ...(found === undefined ? [] : ancestorsOf(catalog, found))]
  })
}
