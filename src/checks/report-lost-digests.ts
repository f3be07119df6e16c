import { finding } from '../domain/finding.js'
import type { TableShape } from '../domain/move-plan.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import { sharedRows } from '../dataplane/shared-rows.js'
import { columnOf } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** A digest column whose loss was accepted by name. */
export interface LostDigests {
  readonly tableNo: number
  readonly column: string
}

/** More rows than anybody reads are counted. */
const MOST_ROWS = 10_000

/** Names, row by row, what will have to be issued again: digests that nothing on the target can look up. */
export async function reportLostDigests(exam: Examination, lost: readonly LostDigests[]): Promise<void> {
  const owned = exam.plan.owned.map((table) => ({ table: table as TableShape, rows: ownedRows(table, exam.scope) }))
  const shared = exam.plan.shared.map((table) => ({ table: table as TableShape, rows: sharedRows(table, exam.shared) }))
  for (const { table, rows } of [...owned, ...shared]) {
    for (const { column } of lost.filter(({ tableNo }) => tableNo === table.no)) {
      await bounded(exam, placeOf(exam, 'source', table), `digests of ${column}`, async () => {
        const key = table.identity === null ? table.columns.filter(({ name }) => name !== column).slice(0, 3) : identityColumns(table)
        const found = await exam.session('source', table.id.database).rows<{ key: (string | null)[]; total: string }>(
          sql('prepare/lost-digests', { key: `ARRAY[${key.map(({ name }) => `${columnOf('t', name)}::text`).join(', ')}]::text[]`, column: columnOf('t', column), ...rows }),
          [MOST_ROWS],
        )
        const total = Number(found[0]?.total ?? 0)
        if (total === 0) return
        exam.report(
          finding('OM2128', 'warning', placeOf(exam, 'source', table), {
            message: `${total} digest(s) in column ${column} of ${nameOf(table)} travel as they stand and nothing on ${exam.plan.target} will find them: the cells do not share their key. Accepted by name`,
            hint: 'have what they stand for issued again; each row is named here',
          }, { count: total, examples: found.map((row) => Object.fromEntries(key.map(({ name }, n) => [name, row.key[n] ?? null]))) }),
        )
      })
    }
  }
}
