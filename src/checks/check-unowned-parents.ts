import type { OwnedTable, SharedTable } from '../domain/move-plan.js'
import { unitKey } from '../domain/ownership.js'
import { identityColumns, mayStandOnBoth, ownedRows, tableItself } from '../dataplane/owned-rows.js'
import { createSharedSet, distinctReferences, stageShared } from '../dataplane/shared-rows.js'
import type { SharedContext } from '../dataplane/shared-rows.js'
import { finding } from '../domain/finding.js'
import { columnOf, ident } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/**
 * A moving row may refer to a row that belongs to nobody (a predefined role, say) only if the target has the same row: those
 * rows stay, so they are compared as shared rows are, and nothing is inserted. The same goes for rows outside a `query` predicate.
 */
export async function checkUnownedParents(exam: Examination): Promise<void> {
  for (const parent of exam.plan.owned) {
    if (parent.unowned !== 'stay' || parent.identity === null) continue
    await bounded(exam, placeOf(exam, 'target', parent), 'rows without an owner that moving rows refer to', () => compareUnowned(exam, parent))
  }
}

async function compareUnowned(exam: Examination, parent: OwnedTable): Promise<void> {
  const { database } = parent.id
  const session = exam.session('source', database)
  const asShared: SharedTable = { ...parent, where: null, purge: null }
  const context: SharedContext = { ...exam.shared, relation: (no) => `pg_temp.${ident(`unowned_${no}`)}` }
  await createSharedSet(session, asShared, context)
  let referred = 0
  for (const table of exam.plan.owned) {
    if (table.id.database !== database || (exam.counts.get(table.no) ?? 0) === 0) continue
    for (const reference of table.references.filter((r) => r.parents.some(({ id }) => unitKey(id) === unitKey(parent.id)))) {
      const references = distinctReferences(table, reference, ownedRows(table, exam.scope))
      referred += await session.execute(
        sql('shared/closure', {
          relation: context.relation(parent.no),
          keys: identityColumns(parent).map((column) => columnOf('p', column.name)).join(', '),
          shared: tableItself(parent).replace(/ AS t$/, ' AS p'),
          ...references,
          matches: `${references.matches} AND ${mayStandOnBoth(parent, exam.plan.owned, exam.scope, 'p')}`,
        }),
      )
    }
  }
  if (referred === 0) return
  const { differing, absent, examples } = await stageShared({ source: session, target: exam.session('target', database) }, asShared, context, exam.map)
  if (differing + absent === 0) return
  exam.report(
    finding(
      'OM2104',
      'error',
      placeOf(exam, 'target', parent),
      {
        message: `moving rows refer to ${differing + absent} row(s) of ${nameOf(parent)} that belong to nobody and stay, and ${exam.plan.target} ${absent > 0 ? `lacks ${absent} of them` : 'has them with another content'}`,
        hint: absent > 0 ? 'bring these rows to the target first; org-mover never moves what belongs to nobody' : 'make them equal on both cells, or name the columns that may differ under differ_by',
      },
      { count: differing + absent, examples: examples.map((key) => Object.fromEntries((parent.identity ?? []).map((name, n) => [name, key[n] ?? null]))) },
    ),
  )
}
