import type { OwnedTable } from '../domain/move-plan.js'
import { columnOf, ident } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared } from './compare.js'
import { bigintLiteral, storedText } from './fingerprint.js'
import type { Fingerprint } from './fingerprint.js'
import { identityColumns, tableItself } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'

/** Where a row is: of a locked row that cannot change. */
const PLACE = [
  { column: 't.ctid', name: 'org_mover_place' },
  { column: 't.tableoid', name: 'org_mover_leaf' },
]

/** Rows that are locked until the end of the transaction. */
export interface HeldBatch {
  readonly fingerprint: Fingerprint
  /** Condition over alias t of the table that names these rows and nothing else. */
  readonly matches: string
  /** Their keys, and what others refer to, under the columns' own names. */
  readonly held: RowSource
}

/**
 * Locks the rows FOR UPDATE and digests them as they are stored, in one pass; what names them stays in a relation of the transaction. A row that was changed
 * meanwhile is locked, and digested, as it is now.
 */
export async function holdBatch(session: Session, table: OwnedTable, rows: RowSource, seeds: readonly [string, string]): Promise<HeldBatch> {
  const relation = `pg_temp.org_mover_batch_${table.no}`
  const key = identityColumns(table)
  const names = new Set([...key.map(({ name }) => name), ...table.inbound.flatMap(({ referencedColumns }) => referencedColumns)])
  const kept = [...[...names].map((name) => ({ column: columnOf('t', name), name })), ...PLACE]
  const [seed1, seed2] = seeds.map(bigintLiteral)
  await session.execute(
    sql('purge/hold-batch', {
      relation,
      names: kept.map(({ name }) => ident(name)).join(', '),
      columns: kept.map(({ column, name }) => `${column} AS ${ident(name)}`).join(', '),
      row: storedText(table),
      seed1: seed1 ?? '',
      seed2: seed2 ?? '',
      ...inPlace(table, rows),
    }),
  )
  if (names.size > 0) await session.execute(`ANALYZE ${relation} (${[...names].map(ident).join(', ')})`)
  const { rows: count, a, b } = await session.one<{ rows: string; a: string; b: string }>(sql('purge/batch-fingerprint', { relation }))
  return { fingerprint: { rows: Number(count), a, b }, matches: matches(table, relation), held: { from: `${relation} AS t`, where: 'true' } }
}

/** By place, which costs a third of looking up each key; through a partitioned table each leaf would look for the places of all of them. */
function matches(table: OwnedTable, relation: string): string {
  if (!table.partitioned) return `t.ctid = ANY (ARRAY(SELECT org_mover_place FROM ${relation}))`
  const key = identityColumns(table).map((column) => compared(columnOf('t', column.name), '=', columnOf('b', column.name), column.equality))
  const place = PLACE.map(({ column, name }) => `${column} = b.${name}`)
  return `EXISTS (SELECT 1 FROM ${relation} AS b WHERE ${(key.length === 0 ? place : key).join(' AND ')})`
}

/** As rows of the table itself, by key: those of a union cannot be locked. */
function inPlace(table: OwnedTable, rows: RowSource): RowSource {
  const from = tableItself(table)
  if (rows.from === from) return rows
  const key = identityColumns(table)
  const equal = key.map((column, n) => compared(columnOf('t', column.name), '=', `b.c${n + 1}`, column.equality)).join(' AND ')
  return { from, where: `EXISTS (SELECT 1 FROM (SELECT ${key.map((column, n) => `${columnOf('t', column.name)} AS c${n + 1}`).join(', ')} FROM ${rows.from} WHERE ${rows.where}) AS b WHERE ${equal})` }
}
