import { keySetOf, ownedNamed, ownedNumbered } from '../domain/move-plan.js'
import type { LookupTable, OwnedTable, ParentPart, Reference, SharedTable, TableShape } from '../domain/move-plan.js'
import { unitKey } from '../domain/ownership.js'
import type { Alternative } from '../domain/ownership.js'
import { compared } from '../dataplane/compare.js'
import { identityColumns, isOwnedRow, isQueriedRow, mayStandOnBoth, ownedRows } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { unmatchedUses } from '../dataplane/lookup-maps.js'
import { inboundMatch, referenceMatch, sharedRows } from '../dataplane/shared-rows.js'
import { columnOf, literal, qualified } from '../postgres/quote.js'
import { finding } from '../domain/finding.js'
import { bounded, nameOf, placeOf, reportRows, sample } from './examination.js'
import type { Examination } from './examination.js'

/**
 * The closure: every foreign key and declared reference from a moving row must end at a row that will be on the target, and
 * every reference from a row that stays to one that leaves is named. Reads the source.
 */
export async function checkReferences(exam: Examination): Promise<void> {
  for (const table of exam.plan.owned) {
    if ((exam.counts.get(table.no) ?? 0) === 0) continue
    for (const reference of table.references) await checkOutbound(exam, table, ownedRows(table, exam.scope), reference)
    await checkInbound(exam, table)
  }
  for (const table of exam.plan.shared) {
    for (const reference of table.references) await checkOutbound(exam, table, sharedRows(table, exam.shared), reference)
  }
}

async function checkOutbound(exam: Examination, table: OwnedTable | SharedTable, source: RowSource, reference: Reference): Promise<void> {
  if (isTheRuleItself(table, reference) || reference.parent.database !== table.id.database) return
  // a rule that sets the value decides where it leads on the target; the proof after the load looks at the result
  if (reference.columns.some((name) => ['set', 'map', 'generated'].includes(table.columns.find((c) => c.name === name)?.rule?.kind ?? ''))) return
  await bounded(exam, placeOf(exam, 'source', table), `references by ${reference.columns.join(', ')}`, async () => {
    await checkLookupUses(exam, table, source, reference)
    const exists = parentOnTarget(exam, reference)
    if (exists === null) return
    const set = reference.columns.map((name) => `${columnOf('t', name)} IS NOT NULL`).join(' AND ')
    const rows = await sample(exam.session('source', table.id.database), table, {
      from: source.from,
      where: `(${source.where}) AND ${set} AND NOT EXISTS (SELECT 1 FROM ${qualified(reference.parent)} AS p WHERE ${referenceMatch(table, reference, 'p')} AND ${exists})`,
    })
    reportRows(exam, 'OM2104', 'error', placeOf(exam, 'source', table), {
      message: `${rows.total} moving row(s) of ${nameOf(table)} refer by ${reference.columns.join(', ')} to rows of ${reference.parent.schema}.${reference.parent.name} that will not be on the target`,
      hint:
        reference.parents.some(({ fate }) => fate === 'stays')
          ? `declare ${reference.parent.schema}.${reference.parent.name} lookup or shared, or give the column a rule (lookup, map, set)`
          : `correct these rows: they point into another organization, at a row that belongs to nobody, or at none${standsForNobody(exam, reference)}`,
    }, rows)
  })
}

/** What to declare where the parent's row belongs to nobody, unless it is declared. */
function standsForNobody(exam: Examination, { parents }: Reference): string {
  const undeclared = parents.flatMap(({ id }) => ownedNamed(exam.plan, id) ?? []).filter(({ unowned }) => unowned === 'error')
  return undeclared.length === 0 ? '' : `; where both cells have that row and it belongs to nobody, declare unowned: stay for ${undeclared.map(nameOf).join(', ')}`
}

/** A row told by this very reference cannot miss its parent. */
function isTheRuleItself(table: OwnedTable | SharedTable, reference: Reference): boolean {
  if (!('ownership' in table) || table.ownership.kind !== 'keys') return false
  return table.ownership.alternatives.some(
    (a) => a.kind === 'via' && a.columns.join('\0') === reference.columns.join('\0') && unitKey(a.parent) === unitKey(reference.parent),
  )
}

/** Condition over alias p under which the parent will be on the target, leaf by leaf where its leaves have rules of their own; null where it always is. */
function parentOnTarget(exam: Examination, reference: Reference): string | null {
  const [only, ...others] = reference.parents
  if (only !== undefined && others.length === 0) return partOnTarget(exam, only)
  const parts = reference.parents.map((part) => ({ id: part.id, condition: partOnTarget(exam, part) }))
  if (parts.every(({ condition }) => condition === null)) return null
  return `(${parts.map(({ id, condition }) => `(p.tableoid = ${literal(qualified(id))}::pg_catalog.regclass AND ${condition ?? 'true'})`).join(' OR ')})`
}

function partOnTarget(exam: Examination, { id, fate }: ParentPart): string | null {
  // each use of a lookup row is looked up by itself, unless rows that the target lacks are added
  if (fate === 'lookup') return exam.plan.lookups.some((table) => unitKey(table.id) === unitKey(id) && table.insertMissing) ? 'true' : null
  if (fate === 'shared') {
    // the closure takes along what is referred to, where it is there (a foreign key that was never validated does not say so); a declared `where` may leave it out
    const parent = exam.plan.shared.find((t) => unitKey(t.id) === unitKey(id))
    if (parent?.where == null) return 'true'
    const key = identityColumns(parent).map((column, n) => compared(columnOf('p', column.name), '=', `k.c${n + 1}`, column.equality)).join(' AND ')
    return `EXISTS (SELECT 1 FROM ${exam.shared.relation(parent.no)} AS k WHERE ${key})`
  }
  const owner = ownedNamed(exam.plan, id)
  if (owner === undefined) return 'false'
  const moves = owner.ownership.kind === 'query' ? isQueriedRow(owner, exam.scope, 'p') : isOwnedRow(owner, { ...exam.scope, alias: 'p' })
  return owner.unowned === 'stay' ? `(${moves} OR ${mayStandOnBoth(owner, exam.plan.owned, exam.scope, 'p')})` : moves
}

async function checkLookupUses(exam: Examination, table: TableShape, source: RowSource, reference: Reference): Promise<void> {
  const used = reference.parents.filter(({ fate }) => fate === 'lookup').map(({ id }) => exam.plan.lookups.find((t) => unitKey(t.id) === unitKey(id)))
  for (const lookup of used) if (lookup !== undefined && !lookup.insertMissing) await checkLookupUse(exam, { table, source, reference, lookup })
}

async function checkLookupUse(exam: Examination, { table, source, reference, lookup }: { readonly table: TableShape; readonly source: RowSource; readonly reference: Reference; readonly lookup: LookupTable }): Promise<void> {
  const uses = await unmatchedUses(exam.session('source', table.id.database), { table, source, reference, lookup, relation: exam.map(lookup.no) })
  if (uses.length === 0) return
  exam.report(
    finding(
      'OM2112',
      'error',
      placeOf(exam, 'source', table),
      {
        message: `moving rows of ${nameOf(table)} refer by ${reference.columns.join(', ')} to ${uses.length} row(s) of ${nameOf(lookup)} that the target does not have (matched by ${lookup.matchBy.join(', ')})`,
        hint: `add the rows on ${exam.plan.target}, or declare insert_missing: true for ${nameOf(lookup)}`,
      },
      { count: uses.reduce((sum, use) => sum + use.rows, 0), examples: uses.slice(0, 5).map(({ key }) => Object.fromEntries(reference.columns.map((name, n) => [name, key[n] ?? null]))) },
    ),
  )
}

/** Whether the key leads to the table, or to the one that it is a leaf of. */
function tellsBy(exam: Examination, { parent, parentColumns }: Extract<Alternative, { kind: 'via' }>, table: OwnedTable): boolean {
  return keySetOf(exam.plan, parent, parentColumns)?.tables.some((id) => unitKey(id) === unitKey(table.id)) === true
}

async function checkInbound(exam: Examination, table: OwnedTable): Promise<void> {
  for (const inbound of table.inbound) {
    const child = ownedNumbered(exam.plan, inbound.child)
    if (child !== undefined && child.ownership.kind === 'keys' && child.ownership.alternatives.some((a) => a.kind === 'via' && a.columns.join('\0') === inbound.columns.join('\0') && tellsBy(exam, a, table))) continue
    const place = { ...placeOf(exam, 'source', table), schema: inbound.table.schema, table: inbound.table.name }
    await bounded(exam, place, `references to ${nameOf(table)}`, async () => {
      const session = exam.session('source', table.id.database)
      const equal = inboundMatch(table, inbound)
      const stays = child === undefined ? 'true' : child.ownership.kind === 'query' ? `NOT ${isQueriedRow(child, exam.scope, 'x')}` : `NOT ${isOwnedRow(child, { ...exam.scope, alias: 'x' })}`
      const owned = ownedRows(table, exam.scope)
      const rows = await sample(session, table, { from: `${owned.from} JOIN ${qualified(inbound.table)} AS x ON ${equal}`, where: `(${owned.where}) AND ${stays}` })
      const isShared = exam.plan.shared.some((t) => t.id.schema === inbound.table.schema && t.id.name === inbound.table.name)
      reportRows(exam, 'OM2115', 'warning', place, {
        message: `${rows.total} row(s) of ${inbound.table.schema}.${inbound.table.name} that stay on ${exam.plan.source} refer by ${inbound.columns.join(', ')} to moving rows of ${nameOf(table)}`,
        hint: isShared ? 'give the column a rule for the copy, and clear it on the source before the purge' : 'correct these rows before the purge: it stops at them',
      }, rows)
    })
  }
}

