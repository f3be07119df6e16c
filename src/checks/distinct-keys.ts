import { tableNamed } from '../domain/catalog.js'
import type { Catalog } from '../domain/catalog.js'
import type { OwnedTable, PlanColumn } from '../domain/move-plan.js'
import { compared, typedLiteral } from '../dataplane/compare.js'
import { tableItself } from '../dataplane/owned-rows.js'
import { columnOf } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { explained } from './explain.js'
import { leavesOf } from './key-index.js'

/** So many values travel at once. */
const VALUES_AT_ONCE = 10_000

const READS_ALL: ReadonlySet<string> = new Set(['Seq Scan', 'Sort', 'Incremental Sort', 'Bitmap Heap Scan'])

export interface KeyColumn {
  readonly session: Session
  readonly catalog: Catalog | undefined
  readonly table: OwnedTable
  readonly column: PlanColumn
}

export interface KeyLimits {
  /** So many distinct values are looked at, in each partition. */
  readonly values: number
  /** Without an index, a table of so many bytes is read whole. */
  readonly scanBytes: number
}

/**
 * Hands over the distinct values of a key column, as text, some at a time. Where an index gives their order the cost is one look-up for each
 * value, so for each organization and not for each row; elsewhere the table is read once. Yields false where a limit came before the end.
 * Throws OM3012 where a statement takes too long.
 */
export async function eachKey(key: KeyColumn, limits: KeyLimits, visit: (values: readonly string[]) => Promise<void>): Promise<boolean> {
  let isWhole = true
  for (const { from, bytes } of partsOf(key)) {
    const source = { column: columnOf('t', key.column.name), from }
    const nodes = await explained(key.session, { from: `(SELECT ${source.column} FROM ${from} WHERE ${source.column} IS NOT NULL ORDER BY ${source.column} LIMIT 1) AS t`, where: 'true' })
    const isIndexed = !nodes.some((node) => READS_ALL.has(node['Node Type']))
    if (isIndexed) isWhole = (await walk(key, source, limits, visit)) && isWhole
    else if (bytes <= limits.scanBytes) isWhole = (await scan(key, source, limits, visit)) && isWhole
    else isWhole = false
  }
  return isWhole
}

interface KeySource {
  readonly column: string
  readonly from: string
}

async function walk({ session, column }: KeyColumn, source: KeySource, limits: KeyLimits, visit: (values: readonly string[]) => Promise<void>): Promise<boolean> {
  let after = `${source.column} IS NOT NULL`
  const next = compared(source.column, '>', 'w.key', column.equality)
  for (let seen = 0; seen < limits.values; seen += VALUES_AT_ONCE) {
    const rows = await session.rows<{ key: string }>(sql('prepare/walk-keys', { ...source, after, next, limit: String(VALUES_AT_ONCE) }))
    await visit(rows.map(({ key }) => key))
    const last = rows.at(-1)
    if (last === undefined || rows.length < VALUES_AT_ONCE) return true
    after = compared(source.column, '>', typedLiteral(last.key, column), column.equality)
  }
  return false
}

/** In one answer: as many values as are looked at travel at once, so they are fewer than by an index. */
async function scan({ session }: KeyColumn, source: KeySource, limits: KeyLimits, visit: (values: readonly string[]) => Promise<void>): Promise<boolean> {
  const most = Math.min(limits.values, 10 * VALUES_AT_ONCE)
  const rows = await session.rows<{ key: string }>(sql('prepare/distinct-keys', { ...source, limit: String(most) }))
  for (let start = 0; start < rows.length; start += VALUES_AT_ONCE) await visit(rows.slice(start, start + VALUES_AT_ONCE).map(({ key }) => key))
  return rows.length < most
}

/** The table, or its partitions one by one: an index gives the order within one of them only. */
function partsOf({ table, catalog }: KeyColumn): readonly { readonly from: string; readonly bytes: number }[] {
  const found = tableNamed(catalog, table.id)
  const leaves = table.partitioned && catalog !== undefined && found !== undefined ? leavesOf(catalog, found) : []
  if (leaves.length === 0 || leaves.some(({ privileges }) => !privileges.select)) return [{ from: tableItself(table), bytes: table.bytesEstimate }]
  return leaves.map(({ schema, name, bytes }) => ({ from: tableItself({ id: { database: table.id.database, schema, name }, partitioned: false }), bytes }))
}
