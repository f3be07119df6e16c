import { namedAfter, tableNames } from '../domain/column-names.js'
import { MoverError } from '../domain/errors.js'
import { ownedNamed } from '../domain/move-plan.js'
import type { MovePlan, OwnedTable } from '../domain/move-plan.js'
import type { Alternative } from '../domain/ownership.js'
import { belongs, isUnownedRow, ownedRows, planColumn, referenceOf, tableItself } from '../dataplane/owned-rows.js'
import type { Scope } from '../dataplane/owned-rows.js'
import { referenceMatch } from '../dataplane/shared-rows.js'
import { columnOf, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { bounded, nameOf, placeOf, reportRows, sample } from './examination.js'
import type { Examination, Sample } from './examination.js'

/** Rows without an owner, key columns that disagree, chains that disagree (P4). Reads the source. */
export async function checkOwnership(exam: Examination): Promise<void> {
  for (const table of exam.plan.owned) {
    if (table.ownership.kind !== 'keys') continue
    const { alternatives } = table.ownership
    await bounded(exam, placeOf(exam, 'source', table), 'rows without an owner', () => checkUnowned(exam, table, alternatives))
    await bounded(exam, placeOf(exam, 'source', table), 'rows below rows without an owner', () => checkBelowUnowned(exam, table, alternatives))
    await bounded(exam, placeOf(exam, 'source', table), 'rows whose parent is gone', () => checkOrphans(exam, table, alternatives))
    await bounded(exam, placeOf(exam, 'source', table), 'key columns that disagree', () => checkAgreement(exam, table, alternatives))
  }
}

async function checkUnowned(exam: Examination, table: OwnedTable, alternatives: readonly Alternative[]): Promise<void> {
  if (table.unowned === 'stay') return
  const nullable = alternatives.map((alternative) => columnsOf(alternative).filter((name) => !planColumn(table, name).notNull))
  if (nullable.some((columns) => columns.length === 0)) return
  const where = nullable.map((columns) => `(${columns.map((name) => `${columnOf('t', name)} IS NULL`).join(' OR ')})`).join(' AND ')
  const rows = await sample(exam.session('source', table.id.database), table, { from: tableItself(table), where })
  reportRows(exam, 'OM2103', 'error', placeOf(exam, 'source', table), {
    message: `${rows.total} row(s) of ${nameOf(table)} have no owner: ${alternatives.flatMap(columnsOf).join(', ')} is NULL`,
    hint: `fill the key, ${otherWays(exam, table, alternatives)}or declare \`unowned: stay\` for the table if these rows belong to nobody`,
  }, rows)
}

/** What no rule counts though it leads to tables with an owner, by a foreign key or by its name alone: it may say whose the rows are that the rule leaves to nobody. */
function otherWays(exam: Examination, { columns, references }: OwnedTable, alternatives: readonly Alternative[]): string {
  const counted = new Set(alternatives.flatMap(columnsOf))
  const keys = references.filter((key) => key.constraint !== null && !key.columns.every((name) => counted.has(name)))
  const byKey = keys.filter(({ parents }) => parents.some(({ fate }) => fate === 'owned')).map((key) => `${key.columns.join(', ')} -> ${nameOf({ id: key.parent })}`)
  const names = tableNames(exam.plan.owned.map(({ id }) => id))
  const free = columns.filter(({ name }) => !counted.has(name) && !keys.some((key) => key.columns.includes(name)))
  const byName = free.flatMap(({ name }) => namedAfter(name, names).slice(0, 1).map((id) => `${name} -> ${nameOf({ id })}, by its name`))
  const ways = [...byKey, ...byName]
  return ways.length === 0 ? '' : `declare further keys if these lead to their owner (${ways.join('; ')}), `
}

/** A row whose parent belongs to nobody belongs to nobody too: that it stays must be said of its own table. Read from the few such parents down. */
async function checkBelowUnowned(exam: Examination, table: OwnedTable, alternatives: readonly Alternative[]): Promise<void> {
  if (table.unowned === 'stay') return
  for (const alternative of alternatives) {
    const reference = alternative.kind === 'via' && alternative.parent.database === table.id.database ? referenceOf(table, alternative) : undefined
    for (const { id } of reference?.parents ?? []) {
      const parent = ownedNamed(exam.plan, id)
      // a leaf of the parent that stays is nobody's with all its rows
      if (reference === undefined || (parent !== undefined && (parent.unowned !== 'stay' || parent.no === table.no))) continue
      const from = `${parent === undefined ? `ONLY ${qualified(id)} AS p` : tableItself(parent).replace(/ AS t$/, ' AS p')} JOIN ${tableItself(table)} ON ${referenceMatch(table, reference, 'p')}`
      const rows = await sample(exam.session('source', table.id.database), table, { from, where: `${parent === undefined ? 'true' : isUnownedRow(parent, exam.plan.owned, 'p')} AND ${isUnownedRow(table, exam.plan.owned, 't')}` })
      reportRows(exam, 'OM2103', 'error', placeOf(exam, 'source', table), {
        message: `${rows.total} row(s) of ${nameOf(table)} have no owner: ${columnsOf(alternative).join(', ')} leads to rows of ${nameOf({ id })} that belong to nobody`,
        hint: 'declare `unowned: stay` for this table as well, or correct the rows',
      }, rows)
    }
  }
}

/** A declared key without a foreign key may lead nowhere: such a row would stay behind in silence. */
async function checkOrphans(exam: Examination, table: OwnedTable, alternatives: readonly Alternative[]): Promise<void> {
  const [only] = alternatives
  if (only?.kind !== 'via' || alternatives.length > 1 || only.parent.database !== table.id.database) return
  const isForeignKey = table.references.some((r) => r.constraint !== null && r.columns.join('\0') === only.columns.join('\0'))
  if (isForeignKey) return
  const reference = referenceOf(table, only)
  if (reference === undefined) return
  const equal = referenceMatch(table, reference, 'p')
  const notNull = only.columns.map((name) => `${columnOf('t', name)} IS NOT NULL`).join(' AND ')
  const rows = await sample(exam.session('source', table.id.database), table, { from: tableItself(table), where: `${notNull} AND NOT EXISTS (SELECT 1 FROM ${qualified(only.parent)} AS p WHERE ${equal})` })
  reportRows(exam, 'OM2103', 'warning', placeOf(exam, 'source', table), {
    message: `${rows.total} row(s) of ${nameOf(table)} refer by ${only.columns.join(', ')} to rows of ${only.parent.schema}.${only.parent.name} that do not exist: they belong to nobody and stay`,
    hint: 'remove them or correct the key; a foreign key would have prevented them',
  }, rows)
}

async function checkAgreement(exam: Examination, table: OwnedTable, alternatives: readonly Alternative[]): Promise<void> {
  const session = exam.session('source', table.id.database)
  for (const { rows, message } of await disagreements(session, table, alternatives, { scope: exam.scope, hasRows: (exam.counts.get(table.no) ?? 0) > 0 })) {
    reportRows(exam, 'OM2105', 'error', placeOf(exam, 'source', table), { message, hint: 'correct the rows, or declare the one key that decides as sharding_key of the table' }, rows)
  }
}

/**
 * Under the freeze, by the move's own key sets: no row is the organization's by one key and another's by a second one. Such a
 * row may have come since prepare, and moving it would take it from a neighbour. Throws OM4003; the fence is up.
 */
export async function assertKeysAgree(plan: MovePlan, scope: Scope, sessionOf: (database: string) => Session): Promise<void> {
  for (const table of plan.owned) {
    if (table.ownership.kind !== 'keys') continue
    const [found] = await disagreements(sessionOf(table.id.database), table, table.ownership.alternatives, { scope, hasRows: true })
    if (found === undefined) continue
    throw new MoverError({ code: 'OM4003', message: `since prepare: ${found.message} (${found.rows.examples.map((key) => Object.values(key).join('/')).join(', ')}). The source is fenced, the route unchanged`, hint: 'abort the move, correct the rows, then start again', retry: 'after-fix' })
  }
}

interface Disagreement {
  readonly message: string
  readonly rows: Sample
}

async function disagreements(session: Session, table: OwnedTable, alternatives: readonly Alternative[], known: { readonly scope: Scope; readonly hasRows: boolean }): Promise<readonly Disagreement[]> {
  const { scope } = known
  const found: Disagreement[] = []
  if (known.hasRows && alternatives.length > 1) {
    const source = ownedRows(table, scope)
    const contradicts = alternatives.map((alternative) => `(${notNull(alternative)} AND (${belongs(table, alternative, scope)}) IS NOT TRUE)`)
    const rows = await sample(session, table, { from: source.from, where: `(${source.where}) AND (${contradicts.join(' OR ')})` })
    if (rows.total > 0) found.push({ rows, message: `${rows.total} row(s) of ${nameOf(table)} belong to organization ${scope.org} by one of ${alternatives.map(describe).join(', ')} and not by another of them, which has the key of another organization's row or of none` })
  }
  const [chosen] = alternatives
  for (const chain of chosen === undefined ? [] : table.otherChains) {
    if (chosen === undefined) continue
    const rows = await sample(session, table, disagreement(table, chosen, chain, scope))
    if (rows.total > 0) found.push({ rows, message: `${rows.total} row(s) of ${nameOf(table)} belong to organization ${scope.org} by one of ${describe(chosen)} and ${describe(chain)} alone: the other is NULL or leads elsewhere` })
  }
  return found
}

/** Rows that exactly one of the two chains gives to the organization; each half is read by its own chain's index. */
function disagreement(table: OwnedTable, chosen: Alternative, chain: Alternative, scope: Scope): { readonly from: string; readonly where: string } {
  const [a, b] = [belongs(table, chosen, scope), belongs(table, chain, scope)]
  const halves = [`SELECT * FROM ${tableItself(table)} WHERE ${a} AND (${b}) IS NOT TRUE`, `SELECT * FROM ${tableItself(table)} WHERE ${b} AND (${a}) IS NOT TRUE`]
  return { from: `(${halves.join(' UNION ALL ')}) AS t`, where: 'true' }
}

function columnsOf(alternative: Alternative): readonly string[] {
  return alternative.kind === 'direct' ? [alternative.column] : alternative.columns
}

function notNull(alternative: Alternative): string {
  return columnsOf(alternative).map((name) => `${columnOf('t', name)} IS NOT NULL`).join(' AND ')
}

function describe(alternative: Alternative): string {
  return alternative.kind === 'direct' ? alternative.column : `${alternative.columns.join(', ')} -> ${alternative.parent.schema}.${alternative.parent.name}`
}

