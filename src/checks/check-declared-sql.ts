import { MoverError } from '../domain/errors.js'
import { unitKey } from '../domain/ownership.js'
import type { Unit } from '../domain/ownership.js'
import { finding } from '../domain/finding.js'
import { allTables } from '../domain/move-plan.js'
import type { TableShape } from '../domain/move-plan.js'
import { declaredSql, tableItself } from '../dataplane/owned-rows.js'
import { declaredIn } from './lint-declarations.js'
import { nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** Every declared `where` and `when`, held against the server before anything is read by it. Reads no rows. */
export async function checkDeclaredSql(exam: Pick<Examination, 'plan' | 'session' | 'report'>, units: readonly Unit[]): Promise<boolean> {
  let allValid = true
  const declared = [
    ...exam.plan.owned.flatMap((table) => (table.ownership.kind === 'query' ? [{ table: table as TableShape, where: table.ownership.where }] : [])),
    ...exam.plan.shared.flatMap((table) => (table.where === null ? [] : [{ table: table as TableShape, where: table.where }])),
  ].map((one) => ({ ...one, what: 'where' }))
  const conditions = allTables(exam.plan).flatMap((table) => table.columns.flatMap((column) => column.secrets.flatMap(({ when }) => (when === null ? [] : [{ table, where: when, what: `when of column ${column.name}` }]))))
  for (const { table, where, what } of [...declared, ...conditions]) {
    try {
      await exam.session('source', table.id.database).rows(`SELECT 1 FROM ${tableItself(table)} WHERE (${declaredSql(table, where, exam.plan.org)}\n) LIMIT 0`)
    } catch (error) {
      if (!(error instanceof MoverError) || error.retry === 'safe') throw error
      allValid = false
      exam.report(finding('OM2111', 'error', placeOf(exam, 'source', table), { message: `${placeOfEntry(units, table)}${what} of ${nameOf(table)}: ${error.message.replace(/^where of [^:]*: /, '')}`, hint: 'it is one boolean expression over alias t; other names are schema-qualified; :org is its only parameter' }))
    }
  }
  return allValid
}

function placeOfEntry(units: readonly Unit[], table: TableShape): string {
  const unit = units.find(({ id }) => unitKey(id) === unitKey(table.id))
  return unit === undefined ? '' : declaredIn(unit)
}
