import type { Sequence } from '../domain/catalog.js'
import type { TableShape } from '../domain/move-plan.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { finding } from '../domain/finding.js'
import { sequencesServing } from '../domain/served-columns.js'
import { columnOf, literal, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** Rows that will come to the target, under an alias, in a session that sees them. */
export interface ArrivingRows extends RowSource {
  readonly session: Session
  readonly alias: string
}

/** Ids of arriving rows that the target's own sequences would hand out again. */
export async function checkSequences(exam: Examination, table: TableShape, rows: ArrivingRows): Promise<void> {
  if (exam.sequences === 'advance') return
  const catalog = exam.catalogs.target.get(table.id.database)
  for (const served of catalog === undefined ? [] : sequencesServing(catalog, table.id)) {
    const { sequence } = served
    const column = table.columns.find((c) => c.name === served.column)
    if (column === undefined) continue
    const [low, high] = await rangeAhead(exam.session('target', table.id.database), sequence)
    if (low > high) continue
    await bounded(exam, placeOf(exam, 'target', table), `ids in the range of ${sequence.name}`, async () => {
      const found = await rows.session.one<{ total: string; min: string | null; max: string | null }>(
        sql('prepare/extreme-ids', { column: columnOf(rows.alias, column.name), from: rows.from, where: rows.where, low: `${literal(String(low))}::bigint`, high: `${literal(String(high))}::bigint` }),
      )
      if (Number(found.total) === 0) return
      exam.report(
        finding('OM2110', 'error', placeOf(exam, 'target', table), {
          message: `${found.total} moving row(s) of ${nameOf(table)} have values of ${column.name} (${found.min} to ${found.max}) that sequence ${sequence.schema}.${sequence.name} of ${exam.plan.target} will hand out (it goes on from ${low} to ${high})`,
          hint: 'give each cell a range of its own (ALTER SEQUENCE … MAXVALUE), or declare `sequences: advance` where both cells share one range',
        }, { count: Number(found.total) }),
      )
    })
  }
}

/** What the sequence has still to give, inclusive; one that begins again at its end gives all. One that was never asked begins where it was set to, not at its minimum. */
async function rangeAhead(session: Session, sequence: Sequence): Promise<readonly [low: bigint, high: bigint]> {
  const [min, max] = [BigInt(sequence.min), BigInt(sequence.max)]
  if (sequence.cycle) return [min, max]
  const ascending = BigInt(sequence.increment) > 0n
  if (sequence.lastValue !== null) return ascending ? [BigInt(sequence.lastValue) + 1n, max] : [min, BigInt(sequence.lastValue) - 1n]
  const { readable } = await session.one<{ readable: boolean }>('SELECT pg_catalog.has_sequence_privilege($1, $2) AS readable', [qualified(sequence), 'SELECT'])
  if (!readable) return [min, max]
  const { next } = await session.one<{ next: string }>(`SELECT last_value::text AS next FROM ${qualified(sequence)}`)
  return ascending ? [BigInt(next), max] : [min, BigInt(next)]
}
