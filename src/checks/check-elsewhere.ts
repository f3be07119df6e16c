import { tableNamed } from '../domain/catalog.js'
import { ownedNamed } from '../domain/move-plan.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { belongs, tableItself } from '../dataplane/owned-rows.js'
import { bounded, nameOf, placeOf, reportRows, sample } from './examination.js'
import type { Examination } from './examination.js'

/**
 * In a cell of several databases a table may exist in all and be used in one: where it is not used it must hold none
 * of the organization's rows, which no chunk would cover. Looked at by the keys that stand in the row; a table told by its
 * parents only must be empty there.
 */
export async function checkElsewhere(exam: Examination): Promise<void> {
  if (exam.plan.databases.length < 2) return
  for (const table of exam.plan.owned) {
    for (const database of exam.plan.databases) {
      const isHome = ownedNamed(exam.plan, { ...table.id, database }) !== undefined
      const exists = tableNamed(exam.catalogs.source.get(database), table.id) !== undefined
      if (isHome || !exists) continue
      await bounded(exam, { ...placeOf(exam, 'source', table), database }, 'rows in a database where the table is not used', () => look(exam, table, database))
    }
  }
}

async function look(exam: Examination, table: OwnedTable, database: string): Promise<void> {
  const direct = table.ownership.kind === 'keys' ? table.ownership.alternatives.filter((a) => a.kind === 'direct') : []
  const where = direct.length > 0 ? direct.map((alternative) => belongs(table, alternative, exam.scope)).join(' OR ') : 'true'
  // one row is enough to know; a table that should be empty is not counted
  const from = `(SELECT * FROM ${tableItself(table)} WHERE ${where} LIMIT 5) AS t`
  const rows = await sample(exam.session('source', database), table, { from, where: 'true' })
  reportRows(exam, 'OM2126', 'error', { ...placeOf(exam, 'source', table), database }, {
    message: `${nameOf(table)} is moved from database ${table.id.database}, but database ${database} holds rows of it too${direct.length > 0 ? ` of organization ${exam.plan.org}` : ''}`,
    hint: `declare \`database: [${table.id.database}, ${database}]\` if both are used, or empty the one that is not`,
  }, rows)
}
