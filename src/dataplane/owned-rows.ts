import { bug, MoverError } from '../domain/errors.js'
import { comparedUnder } from '../domain/collations.js'
import { keySetOf } from '../domain/move-plan.js'
import type { KeySet, OwnedTable, PlanColumn, Reference, TableShape } from '../domain/move-plan.js'
import { unitKey } from '../domain/ownership.js'
import type { Alternative, Ownership } from '../domain/ownership.js'
import { columnOf, literal, qualified } from '../postgres/quote.js'
import { compared, typedLiteral, underCollation } from './compare.js'
import { withOrg } from './org-parameter.js'

/** Where the key sets of a move are to be found in the database that is read. */
export interface Scope {
  readonly org: string
  readonly keySets: readonly KeySet[]
  /** The relation that holds a key set here, qualified; its columns are c1, c2, … */
  readonly relation: (set: KeySet) => string
  /** What the row is called in the predicate: t, unless said otherwise (NEW and OLD in a trigger). */
  readonly alias?: string
}

/** `FROM <from> WHERE <where>`, rows under alias t. */
export interface RowSource {
  readonly from: string
  readonly where: string
}

/** The table itself under alias t; ONLY keeps inheritance children out, which are tables of their own. */
export function tableItself(table: Pick<TableShape, 'id' | 'partitioned'>): string {
  return `${table.partitioned ? '' : 'ONLY '}${qualified(table.id)} AS t`
}

/**
 * The organization's rows of a table, each once. Several alternatives become the branches of a UNION ALL, each excluding the
 * earlier ones: an OR of them would be read by scanning the whole table.
 */
export function ownedRows(table: OwnedTable, scope: Scope): RowSource {
  const from = tableItself(table)
  const branches = branchesOf(table, table.ownership, scope)
  const [first, ...others] = branches
  if (first === undefined) throw bug(`${table.id.name} has no rule`)
  if (others.length === 0) return { from, where: first }
  const parts = branches.map((branch, n) => {
    const earlier = branches.slice(0, n).map((b) => ` AND (${b}) IS NOT TRUE`)
    return `SELECT * FROM ${from} WHERE (${branch})${earlier.join('')}`
  })
  return { from: `(${parts.join(' UNION ALL ')}) AS t`, where: 'true' }
}

/** The tables whose rows tell the keys of a set. */
export function tablesOfSet(set: KeySet, owned: readonly OwnedTable[]): readonly [OwnedTable, ...(readonly OwnedTable[])] {
  const [first, ...others] = set.tables.flatMap((id) => owned.find((table) => unitKey(table.id) === unitKey(id)) ?? [])
  if (first === undefined) throw bug(`no table of ${set.owner.name} in the plan`)
  return [first, ...others]
}

/** The organization's rows that tell the keys of a set; of a table that is told leaf by leaf, the key columns of all leaves. */
export function rowsOfSet(set: KeySet, owned: readonly OwnedTable[], scope: Scope): RowSource {
  const [first, ...others] = tablesOfSet(set, owned)
  if (others.length === 0) return ownedRows(first, scope)
  const parts = [first, ...others].map((table) => {
    const { from, where } = ownedRows(table, scope)
    return `SELECT ${set.columns.map((name) => columnOf('t', name)).join(', ')} FROM ${from} WHERE ${where}`
  })
  return { from: `(${parts.join(' UNION ALL ')}) AS t`, where: 'true' }
}

/** The organization's rows as rows of the table itself, so that they can be locked or deleted; slower than `ownedRows` for several alternatives. */
export function ownedInPlace(table: OwnedTable, scope: Scope): RowSource {
  const branches = branchesOf(table, table.ownership, scope)
  const [only] = branches
  return { from: tableItself(table), where: branches.length === 1 && only !== undefined ? only : isOwnedRow(table, scope) }
}

/** Whether the row is the organization's: never NULL. A `query` table is told under alias t only. */
export function isOwnedRow(table: OwnedTable, scope: Scope): string {
  return `(${branchesOf(table, table.ownership, scope)
    .map((branch) => `(${branch}) IS TRUE`)
    .join(' OR ')})`
}

/** Boolean SQL over alias t, one for each alternative. */
export function branchesOf(table: TableShape, ownership: Ownership, scope: Scope): readonly string[] {
  if (ownership.kind === 'query') return [`(${declaredSql(table, ownership.where, scope.org)}\n)`]
  return ownership.alternatives.map((alternative) => belongs(table, alternative, scope))
}

export function belongs(table: TableShape, alternative: Alternative, scope: Scope): string {
  const alias = scope.alias ?? 't'
  if (alternative.kind === 'direct') {
    const column = planColumn(table, alternative.column)
    return compared(columnOf(alias, column.name), '=', typedLiteral(scope.org, column), column.equality)
  }
  const set = keySetOf(scope, alternative.parent, alternative.parentColumns)
  if (set === undefined) throw bug(`no key set for ${alternative.parent.name} (${alternative.parentColumns.join(', ')})`)
  const equal = alternative.columns.map((name, n) => {
    const column = planColumn(table, name)
    const key = set.collations[n]
    return compared(columnOf(alias, name), '=', underCollation(`k.c${n + 1}`, key === undefined ? null : comparedUnder(column, key, column)), column.equality)
  })
  return `EXISTS (SELECT 1 FROM ${scope.relation(set)} AS k WHERE ${equal.join(' AND ')})`
}

/** A declared `where` with the organization filled in, as an untyped literal that takes the type it is compared with. */
export function declaredSql(table: Pick<TableShape, 'id'>, where: string, org: string): string {
  const declared = withOrg(where, literal(org))
  if (declared.ok) return declared.sql
  throw new MoverError({ code: 'OM2111', message: `where of ${table.id.schema}.${table.id.name}: ${declared.problem}`, hint: 'a where is one boolean expression over alias t, with :org as its only parameter', retry: 'after-fix' })
}

export interface UnownedView {
  /** Tables whose rows are being told, outermost first. */
  readonly above?: readonly number[]
  /** What to make of a row outside a `query` predicate: it may be another organization's as well as nobody's. By default it is not called nobody's. */
  readonly outsideQuery?: (table: OwnedTable, alias: string) => string
}

/**
 * Whether the row under `alias` belongs to nobody: every key is NULL, or leads to a row that belongs to nobody itself. Such
 * rows stay where `unowned: stay` is declared.
 */
export function isUnownedRow(table: OwnedTable, tables: readonly OwnedTable[], alias: string, view: UnownedView = {}): string {
  const { above = [], outsideQuery = () => 'false' } = view
  if (above.includes(table.no)) return 'false'
  if (table.ownership.kind === 'query') return outsideQuery(table, alias)
  const keys = table.ownership.alternatives.map((alternative) => {
    const columns = alternative.kind === 'direct' ? [alternative.column] : alternative.columns
    const isNull = columns.map((name) => `${columnOf(alias, name)} IS NULL`).join(' OR ')
    if (alternative.kind === 'direct') return `(${isNull})`
    const reference = referenceOf(table, alternative)
    if (reference === undefined || alternative.parent.database !== table.id.database) return `(${isNull})`
    const up = `${alias}_${above.length}`
    const equal = alternative.columns.map((name, n) => compared(columnOf(up, alternative.parentColumns[n] ?? ''), '=', underCollation(columnOf(alias, name), reference.collations[n]), planColumn(table, name).equality))
    const upwards = reference.parents.flatMap((part) => {
      const parent = tables.find((t) => unitKey(t.id) === unitKey(part.id))
      // a leaf that stays is nobody's with all its rows
      if (parent !== undefined && parent.unowned !== 'stay') return []
      return `EXISTS (SELECT 1 FROM ${qualified(part.id)} AS ${up} WHERE ${[...equal, ...(parent === undefined ? [] : [isUnownedRow(parent, tables, up, { ...view, above: [...above, table.no] })])].join(' AND ')})`
    })
    return `(${[isNull, ...upwards].join(' OR ')})`
  })
  return `(${keys.join(' AND ')})`
}

/**
 * Whether the row under `alias`, of a table with `unowned: stay`, stays and may yet be referred to, provided that the target has the same row. Of a
 * `query` table that is any row outside the predicate: nobody's and a neighbour's look alike there, and only the former is on both cells.
 */
export function mayStandOnBoth(table: OwnedTable, tables: readonly OwnedTable[], scope: Scope, alias: string): string {
  return isUnownedRow(table, tables, alias, { outsideQuery: (queried, name) => `NOT ${isQueriedRow(queried, scope, name)}` })
}

/** Whether the row under `alias` is one that the table's `query` predicate yields. */
export function isQueriedRow(table: OwnedTable, scope: Scope, alias: string): string {
  return `EXISTS (SELECT 1 FROM (SELECT ${alias}.*) AS t WHERE ${isOwnedRow(table, scope)})`
}

/** The reference by which an alternative tells the owner of a row. */
export function referenceOf(table: TableShape, alternative: Extract<Alternative, { kind: 'via' }>): Reference | undefined {
  return table.references.find((r) => unitKey(r.parent) === unitKey(alternative.parent) && r.columns.join('\0') === alternative.columns.join('\0') && r.parentColumns.join('\0') === alternative.parentColumns.join('\0'))
}

export function planColumn(table: TableShape, name: string): PlanColumn {
  const column = table.columns.find((c) => c.name === name)
  if (column === undefined) throw bug(`the plan of ${table.id.name} has no column ${name}`)
  return column
}

export function identityColumns(table: TableShape): readonly PlanColumn[] {
  return (table.identity ?? []).map((name) => planColumn(table, name))
}
