import { childrenOf, tableKey } from '../domain/catalog.js'
import type { Catalog, ForeignKey, Table, TableName } from '../domain/catalog.js'
import { comparedAs } from '../domain/collations.js'
import type { InboundReference, OwnedTable } from '../domain/move-plan.js'
import { columnOf, literal, qualified } from '../postgres/quote.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

/** What migrations did to the retained source. The plan of the move knows nothing of it. */
export interface SinceFrozen {
  /** Why rows cannot be told or compared any more, one sentence each. */
  readonly problems: readonly string[]
  /** References that came since, by the number of the table that they lead to: their rows are neighbours as well. */
  readonly inbound: ReadonlyMap<number, readonly InboundReference[]>
}

/** Reads the catalog of the source as it is now, and the organization's rows in tables that came since; changes nothing. */
export async function sinceFrozen(ctx: MoveContext): Promise<SinceFrozen> {
  const { plan } = frozenPlan(ctx)
  const problems: string[] = []
  const inbound = new Map<number, readonly InboundReference[]>()
  for (const database of ctx.cells.source.keys()) {
    const tables = plan.owned.filter((table) => table.id.database === database)
    await cellDatabase(ctx, 'source', database).read.use(async (session) => {
      const catalog = await readCatalog(session)
      problems.push(...tables.flatMap((table) => lostOf(table, catalog)))
      for (const table of tables) inbound.set(table.no, newReferences(table, tables, catalog))
      problems.push(...(await strayRows(ctx, session, newTables(ctx, database, catalog), keyColumns(tables))))
    })
  }
  return { problems, inbound }
}

function lostOf(table: OwnedTable, catalog: Catalog): readonly string[] {
  const found = catalog.tables.find((one) => tableKey(one) === tableKey(table.id))
  if (found === undefined) return [`table ${tableKey(table.id)} is gone or has another name`]
  const there = new Set(found.columns.map(({ name }) => name))
  const lost = table.columns.filter(({ name }) => !there.has(name)).map(({ name }) => name)
  return lost.length === 0 ? [] : [`column ${lost.join(', ')} of ${tableKey(table.id)} is gone or has another name`]
}

function newReferences(table: OwnedTable, tables: readonly OwnedTable[], catalog: Catalog): readonly InboundReference[] {
  const shape = (columns: readonly string[], referenced: readonly string[]): string => JSON.stringify([columns, referenced])
  const known = new Set(table.inbound.map((one) => `${tableKey(one.table)} ${shape(one.columns, one.referencedColumns)}`))
  // the plan has a key of a table whose partitions stand for it once for each of them
  const isKnown = (child: TableName, key: ForeignKey): boolean =>
    known.has(`${tableKey(child)} ${shape(key.columns, key.referencedColumns)}`) || childrenOf(catalog, child).some((part) => part.isPartition && isKnown(part, key))
  return catalog.foreignKeys
    .filter((key) => tableKey(key.references) === tableKey(table.id) && !isKnown(key.table, key))
    .map((key) => ({
      constraint: key.name,
      table: { schema: key.table.schema, name: key.table.name },
      columns: key.columns,
      referencedColumns: key.referencedColumns,
      collations: key.columns.map((name, n) => comparedAs(catalog, [key.table, name], [table.id, key.referencedColumns[n] ?? ''])),
      child: tables.find((one) => tableKey(one.id) === tableKey(key.table))?.no ?? null,
    }))
}

function newTables(ctx: MoveContext, database: string, catalog: Catalog): readonly Table[] {
  const before = ctx.journal.manifest().catalogs?.[`source/${database}`]
  if (before === undefined) return []
  const schemas = new Set(Object.keys(before).map((name) => name.slice(0, name.indexOf('.'))))
  return catalog.tables.filter((table) => !table.isPartition && schemas.has(table.schema) && before[tableKey(table)] === undefined)
}

/** Names of the columns by whose value alone rows of the move are told. */
function keyColumns(tables: readonly OwnedTable[]): ReadonlySet<string> {
  return new Set(tables.filter((table) => table.class === 'sharded').flatMap(({ ownership }) => (ownership.kind === 'keys' ? ownership.alternatives.flatMap((one) => (one.kind === 'direct' ? [one.column] : [])) : [])))
}

async function strayRows(ctx: MoveContext, session: Session, tables: readonly Table[], keys: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = []
  for (const table of tables) {
    const where = table.columns.filter(({ name }) => keys.has(name)).map(({ name }) => `${columnOf('t', name)}::text = ${literal(ctx.org)}`).join(' OR ')
    if (where === '') continue
    const { rows } = await session.one<{ rows: string }>(sql('chunk/count-owned', { no: '0', from: `${table.kind === 'partitioned' ? '' : 'ONLY '}${qualified(table)} AS t`, where }))
    if (rows !== '0') found.push(`table ${tableKey(table)} was created since, and holds ${rows} row(s) of the organization`)
  }
  return found
}
