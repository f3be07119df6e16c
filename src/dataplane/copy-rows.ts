import type { PlanColumn, TableShape } from '../domain/move-plan.js'
import { columnOf, ident, identList } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { copyBetween } from './copy-stream.js'
import type { CopyRequest } from './copy-stream.js'
import { RowEditor } from './copy-text.js'
import type { RowSource } from './owned-rows.js'
import { identityColumns } from './owned-rows.js'
import { projected } from './projection.js'
import type { MapRelation } from './projection.js'
import { secretEdit } from './secret-edit.js'
import type { EditPlan } from './secret-edit.js'
import type { SecretPass } from './secret-pass.js'

export interface CopyRowsRequest extends Omit<CopyRequest, 'out' | 'into' | 'stage'> {
  readonly table: TableShape
  readonly columns: readonly PlanColumn[]
  readonly rows: RowSource
  readonly map: MapRelation
  readonly secrets: SecretPass | null
  /** The relation that the rows go into, qualified; it has the same columns. */
  readonly into: string
  readonly binary?: boolean
}

/**
 * Copies rows of a table as the target must hold them: projected, and with their secrets encrypted anew. Rows of a table without secrets are
 * never looked at. As for locks, sessions and errors, `copyBetween`.
 */
export async function copyRows(request: CopyRowsRequest): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { table, columns, rows, map, secrets, into, binary, ...streams } = request
  const format = binary === true ? '-binary' : ''
  const sent = columns.map((column) => `${projected(table, column, map)} AS ${ident(column.name)}`)
  const seen = secrets === null || secrets.secrets.length === 0 || !columns.some((column) => secrets.columns.includes(column.name)) ? null : seenBy(secrets, table, columns, map)
  return copyBetween({
    ...streams,
    out: sql(`chunk/read${format}`, { columns: [...sent, ...(seen?.extra ?? [])].join(', '), ...rows }),
    into: sql(`chunk/write${format}`, { table: into, columns: identList(columns.map((column) => column.name)) }),
    stage: secrets === null || seen === null ? null : (secrets.stage?.(seen.plan) ?? new RowEditor(secretEdit(secrets, seen.plan))),
  })
}

/** What is read beside the columns that go on, and where in the rows it stands. */
function seenBy(secrets: SecretPass, table: TableShape, columns: readonly PlanColumn[], map: MapRelation): { readonly extra: readonly string[]; readonly plan: EditPlan } {
  const key = identityColumns(table)
  const extra: string[] = []
  const read = (expression: string): number => columns.length + extra.push(expression) - 1
  const values = secrets.columns.map((name) => {
    const at = columns.findIndex((column) => column.name === name)
    return at === -1 ? read(columnOf('t', name)) : at
  })
  const holds = secrets.conditions.map((condition) => read(`((${condition}) IS TRUE)`))
  const sourceKey = key.map((column) => read(columnOf('t', column.name)))
  const targetKey = key.map((column, n) => (column.rule === null ? (sourceKey[n] ?? 0) : read(projected(table, column, map))))
  const goesOn = values.map((place, n) => ({ place, n })).filter(({ place }) => place < columns.length)
  return {
    extra,
    plan: {
      reads: [...values, ...holds, ...sourceKey, ...targetKey],
      writes: goesOn.map(({ place }) => place),
      kept: columns.length,
      ends: [values.length, values.length + holds.length, values.length + holds.length + key.length],
      goesOn: goesOn.map(({ n }) => n),
    },
  }
}
