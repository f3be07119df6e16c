import { tableKey } from '../domain/catalog.js'
import type { Catalog, Table, Trigger, UserType } from '../domain/catalog.js'
import type { QueryResultRow } from 'pg'
import { columnOf, foreignKeyOf, indexOf, sequenceOf, serverOf, tableOf } from './catalog-rows.js'
import type { CheckRow, ColumnRow, ForeignKeyRow, IndexRow, OfTable, RuleRow, SequenceRow, ServerRow, TableRow, TriggerRow } from './catalog-rows.js'
import { sizesOf } from './partition-sizes.js'
import { sql } from './sql.js'
import type { Session } from './session.js'

/** Each sequence looked at is locked until its statement ends; 2,000 stay well under the lock table's 6,400. */
const SEQUENCES_A_STATEMENT = 2_000

/**
 * The model of one database: ordinary and partitioned tables with all that belongs to them, without PostgreSQL's own schemas and ours.
 * Reads in a transaction of its own (REPEATABLE READ, so the parts fit each other), which must not be called inside another one. Takes
 * no lock beyond those of catalog reads, opens no table's file; one statement a kind, whatever the number of tables.
 * Expects search_path = pg_catalog (the session roles `read` and `admin`), so that deparsed names come out qualified.
 */
export async function readCatalog(session: Session): Promise<Catalog> {
  const { tables, sequenceRows, ...rest } = await session.transaction('REPEATABLE READ READ ONLY', async () => ({
    server: serverOf(await session.one<ServerRow & QueryResultRow>(sql('catalog/server'))),
    schemas: (await session.rows<{ name: string }>(sql('catalog/schemas'))).map((row) => row.name),
    tables: await readTables(session),
    foreignKeys: (await session.rows<ForeignKeyRow & QueryResultRow>(sql('catalog/foreign-keys'))).map(foreignKeyOf),
    sequenceRows: await session.rows<SequenceRow & QueryResultRow>(sql('catalog/sequences')),
    types: await session.rows<UserType & QueryResultRow>(sql('catalog/types')),
    extensions: await session.rows<Catalog['extensions'][number] & QueryResultRow>(sql('catalog/extensions')),
  }))
  const positions = await readSequencePositions(session, sequenceRows.map((row) => row.oid))
  return { ...rest, tables, sequences: sequenceRows.map((row) => sequenceOf(row, positions.get(row.oid) ?? null)) }
}

async function readTables(session: Session): Promise<Table[]> {
  const rows = await session.rows<TableRow & QueryResultRow>(sql('catalog/tables'))
  const columns = byTable(await session.rows<ColumnRow & QueryResultRow>(sql('catalog/columns')), columnOf)
  const indexes = byTable(await session.rows<IndexRow & QueryResultRow>(sql('catalog/indexes')), indexOf)
  const checks = byTable(await session.rows<CheckRow & QueryResultRow>(sql('catalog/checks')), ({ name, expression }) => ({ name, expression }))
  const triggers = byTable(await session.rows<TriggerRow & QueryResultRow>(sql('catalog/triggers')), triggerOf)
  const rules = byTable(await session.rows<RuleRow & QueryResultRow>(sql('catalog/rules')), (row) => row.name)
  const sizes = sizesOf(rows)
  return rows.map((row) =>
    tableOf(row, sizes.get(tableKey(row)) ?? { rowEstimate: null, bytes: 0 }, {
      columns: columns.get(row.oid) ?? [],
      indexes: indexes.get(row.oid) ?? [],
      checks: checks.get(row.oid) ?? [],
      triggers: triggers.get(row.oid) ?? [],
      rules: rules.get(row.oid) ?? [],
    }),
  )
}

function triggerOf(row: TriggerRow): Trigger {
  return { name: row.name, enabled: row.enabled, function: row.function }
}

/** Outside of a transaction, so that no lock outlives its batch. */
async function readSequencePositions(session: Session, oids: readonly number[]): Promise<ReadonlyMap<number, string | null>> {
  const positions = new Map<number, string | null>()
  for (let start = 0; start < oids.length; start += SEQUENCES_A_STATEMENT) {
    const batch = oids.slice(start, start + SEQUENCES_A_STATEMENT)
    for (const row of await session.rows<{ oid: number; last_value: string | null }>(sql('catalog/sequence-positions'), [batch])) {
      positions.set(row.oid, row.last_value)
    }
  }
  return positions
}

function byTable<Row extends OfTable, Part>(rows: readonly Row[], partOf: (row: Row) => Part): ReadonlyMap<number, readonly Part[]> {
  const parts = new Map<number, Part[]>()
  for (const row of rows) {
    const known = parts.get(row.table_oid)
    if (known === undefined) parts.set(row.table_oid, [partOf(row)])
    else known.push(partOf(row))
  }
  return parts
}
