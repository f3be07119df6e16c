import { tableKey } from '../domain/catalog.js'
import { isSameName } from '../domain/column-names.js'
import type { Table } from '../domain/catalog.js'
import type { Classification } from '../domain/classify.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { isOwned } from '../domain/ownership.js'
import type { Unit } from '../domain/ownership.js'
import { namesAbove, outsideTables } from '../domain/outside-tables.js'
import { ownerSuggestions } from '../domain/suggest-owner.js'
import type { SuggestOwner } from '../domain/suggest-owner.js'
import type { Tenancy } from '../domain/tenancy.js'
import type { Catalogs } from '../domain/units.js'

/** Everything that keeps a classification from covering the cell (P4): rules that cannot hold, tables that nothing decides, tables that nobody listed. */
export function classificationFindings(cell: string, catalogs: Catalogs, tenancy: Tenancy, { units, findings }: Classification): readonly Finding[] {
  return [...wrongFiles(cell, tenancy), ...findings.map((found) => ({ ...found, cell })), ...unclassified(cell, units, ownerSuggestions(catalogs, units, tenancy)), ...outsideSchemas(cell, catalogs, tenancy, units)]
}

/** Beside what the catalog shows, so that one run lists everything. */
function wrongFiles(cell: string, { problems }: Tenancy): readonly Finding[] {
  return problems.map((problem) => finding('OM1003', 'error', { cell }, { message: problem, hint: 'correct the file; until then nothing of it is known' }))
}

function unclassified(cell: string, units: readonly Unit[], suggestion: SuggestOwner): readonly Finding[] {
  return units.flatMap((unit) =>
    unit.class !== 'unclassified'
      ? []
      : [
          finding('OM2101', 'error', { cell, database: unit.id.database, schema: unit.id.schema, table: unit.id.name }, {
            message: `nothing says who owns the rows of ${unit.id.schema}.${unit.id.name}: ${unit.reason}${unit.declared.place === null || unit.reason.includes(unit.declared.place) ? '' : ` (${unit.declared.place})`}`,
            hint: `declare its sharding_key, or an exempt strategy: skip (stays), lookup (matched by natural key), shared (used by several organizations) or query${suggestion(unit)}`,
          }),
        ],
  )
}

/** Tables of other schemas are not looked at, unless they give away that they hold rows of organizations. */
function outsideSchemas(cell: string, catalogs: Catalogs, tenancy: Tenancy, units: readonly Unit[]): readonly Finding[] {
  return [...catalogs].flatMap(([database, catalog]) => {
    // a table whose leaves stand for it is classified leaf by leaf
    const owned = new Set(units.filter((unit) => isOwned(unit) && unit.id.database === database).flatMap((unit) => namesAbove(catalogs, unit)))
    const references = new Map<string, string>()
    for (const key of catalog.foreignKeys) if (owned.has(tableKey(key.references))) references.set(tableKey(key.table), `${key.columns.join(', ')} refers to ${tableKey(key.references)}`)
    const reasonFor = (table: Table): string | null => {
      const column = table.columns.find((c) => tenancy.shardingKey.some((name) => isSameName(name, c.name)))
      return column === undefined ? (references.get(tableKey(table)) ?? null) : `it has a key column ${column.name}`
    }
    return outsideTables(catalogs, database, { tenancy, units }).flatMap((table) => {
      const reason = reasonFor(table)
      if (reason === null) return []
      return [
        finding('OM2122', 'error', { cell, database, schema: table.schema, table: table.name }, {
          message: `${tableKey(table)} is in a schema that is not under tenancy.schemas, but may hold an organization's rows: ${reason}`,
          hint: `list ${table.schema} under tenancy.schemas, or declare the table under tenancy.tables`,
        }),
      ]
    })
  })
}
