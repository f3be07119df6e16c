import type { OwnedTable } from '../../src/domain/move-plan.js'
import type { RowSource } from '../../src/dataplane/owned-rows.js'
import { projected } from '../../src/dataplane/projection.js'
import { mapRelation } from '../../src/dataplane/names.js'
import { loadedColumns } from '../../src/dataplane/projection.js'
import { ident } from '../../src/postgres/quote.js'
import type { BenchCells } from '../cells.js'

/** What else moves rows between two servers, on the same rows. None of them checks a foreign key: all load under the replica role. */
export interface Peer {
  readonly name: string
  /** Why it cannot be measured here; null if it can. */
  missing(cells: BenchCells): Promise<string | null>
  /** Outside the clock, on databases fresh from the templates. */
  prepare(cells: BenchCells): Promise<void>
  run(cells: BenchCells): Promise<void>
  /** Outside the clock: whatever would keep the databases from being replaced. */
  cleanUp?(cells: BenchCells): Promise<void>
}

export interface PeerTable {
  readonly table: OwnedTable
  readonly rows: RowSource
  readonly columns: readonly string[]
  /** The rows as the target must hold them. */
  readonly select: string
}

export function peerTable(table: OwnedTable, rows: RowSource, moveId: string): PeerTable {
  const columns = loadedColumns(table)
  const list = columns.map((column) => `${projected(table, column, (no) => mapRelation(moveId, no))} AS ${ident(column.name)}`)
  return { table, rows, columns: columns.map(({ name }) => name), select: `SELECT ${list.join(', ')} FROM ${rows.from} WHERE ${rows.where}` }
}
