import type { PlanColumn, TableShape } from '../domain/move-plan.js'
import { columnOf, ident, literal, qualified } from '../postgres/quote.js'
import { compared, underCollation } from './compare.js'
import { planColumn } from './owned-rows.js'

/** The relation in which old and new keys of a lookup table stand (columns o_<name>, n_<name>), on the source. */
export type MapRelation = (lookupNo: number) => string

/** What the target must hold in this column, computed from the source's row under alias t. */
export function projected(table: TableShape, column: PlanColumn, map: MapRelation): string {
  const itself = columnOf('t', column.name)
  const { rule } = column
  if (rule === null) return itself
  const type = column.type
  if (rule.kind === 'generated') {
    const arriving = loadedColumns(table).map((one) => `${projected(table, one, map)} AS ${ident(one.name)}`)
    return `(SELECT ${underCollation(`(${rule.expression})::${type}`, column.collation)} FROM (SELECT ${arriving.join(', ')}) AS arriving)`
  }
  if (rule.kind === 'set') return rule.value === null ? `NULL::${type}` : `${literal(rule.value)}::${type}`
  if (rule.kind === 'map') {
    const cases = Object.entries(rule.map).map(([from, to]) => `WHEN ${literal(from)} THEN ${literal(to)}`)
    return cases.length === 0 ? itself : `(CASE ${itself}::text COLLATE pg_catalog."C" ${cases.join(' ')} ELSE ${itself}::text END)::${type}`
  }
  const equal = rule.columns.map((name, n) => compared(`m.${oldColumn(rule.referenced[n] ?? '')}`, '=', underCollation(columnOf('t', name), rule.collations[n]), planColumn(table, name).equality))
  const found = [...rule.lookups.map((no) => `(SELECT m.${newColumn(rule.referenced[rule.position] ?? '')} FROM ${map(no)} AS m WHERE ${equal.join(' AND ')})`), ...(rule.orItself ? [itself] : [])]
  const mapped = found.length === 1 ? found.join('') : `coalesce(${found.join(', ')})`
  // a composite key of which one column is NULL refers to nothing: what is there stays as it is
  return rule.columns.length === 1 ? mapped : `CASE WHEN ${rule.columns.map((name) => `${columnOf('t', name)} IS NULL`).join(' OR ')} THEN ${itself} ELSE ${mapped} END`
}

export function isProjected(table: TableShape): boolean {
  return table.columns.some((column) => column.rule !== null)
}

/** Columns that a load writes; generated ones come out of the others. */
export function loadedColumns(table: TableShape): readonly PlanColumn[] {
  return table.columns.filter((column) => !column.generated)
}

export function oldColumn(name: string): string {
  return `"o_${name.replaceAll('"', '""')}"`
}

export function newColumn(name: string): string {
  return `"n_${name.replaceAll('"', '""')}"`
}

/** A literal's type without typmod. */
export function castTo(column: PlanColumn): string {
  return qualified(column.castType)
}
