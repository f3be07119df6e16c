import { tableKey } from './catalog.js'
import type { ForeignKey, Index, Table } from './catalog.js'
import type { TableDifference, TablePair } from './table-difference.js'

/**
 * Differences of what the table demands of its rows. What the target demands in addition could reject a moved row or two rows together:
 * error. What it no longer demands: warning.
 */
export function constraintDifferences(pair: TablePair): TableDifference[] {
  return [...primaryKeyDifferences(pair), ...uniqueDifferences(pair), ...checkDifferences(pair), ...foreignKeyDifferences(pair)]
}

function primaryKeyDifferences({ source: { table: source }, target: { table: target } }: TablePair): TableDifference[] {
  const [ours, theirs] = [primaryKeyOf(source), primaryKeyOf(target)]
  if (sorted(ours) === sorted(theirs)) return []
  return [{ severity: 'error', message: `the primary key is ${shown(ours)} on the source and ${shown(theirs)} on the target` }]
}

function primaryKeyOf(table: Table): readonly string[] {
  return table.indexes.find((index) => index.isPrimary)?.expressions ?? []
}

function shown(key: readonly string[]): string {
  return key.length === 0 ? 'missing' : `(${key.join(', ')})`
}

function sorted(names: readonly string[]): string {
  return JSON.stringify([...names].sort())
}

/** An invalid unique index rejects new rows all the same, but says nothing of those that are there. */
function uniqueDifferences({ source: { table: source }, target: { table: target }, sameMajor }: TablePair): TableDifference[] {
  const demands = (table: Table): Index[] => table.indexes.filter((index) => (index.isUnique || index.isExclusion) && !index.isPrimary)
  const ours = new Map(demands(source).flatMap((index) => (index.isValid ? [[shapeOf(index), index] as const] : [])))
  const theirs = new Map(demands(target).map((index) => [shapeOf(index), index] as const))
  return [
    ...[...theirs].flatMap(([shape, index]) =>
      ours.has(shape) ? [] : [{ severity: severityOf(index, sameMajor), message: `the target demands ${described(index)} and the source does not` } as const],
    ),
    ...[...ours].flatMap(([shape, index]) =>
      theirs.get(shape)?.isValid === true ? [] : [{ severity: 'warning', message: `the source demands ${described(index)} and the target does not` } as const],
    ),
  ]
}

/** Only expressions and predicates are printed in another way by another major version. */
function severityOf(index: Index, sameMajor: boolean): 'error' | 'warning' {
  return sameMajor || (index.predicate === null && !index.columns.includes(null)) ? 'error' : 'warning'
}

/** What makes two rows exclude each other; neither the name nor the order of the columns does. */
function shapeOf(index: Index): string {
  const keys = index.expressions.map((expression, n) => JSON.stringify([expression, index.exclusionOperators?.[n] ?? '=']))
  return JSON.stringify([keys.sort(), index.predicate, index.nullsNotDistinct])
}

function described(index: Index): string {
  const operators = index.exclusionOperators
  const keys = index.expressions.map((expression, n) => (operators === null ? expression : `${expression} WITH ${operators[n] ?? '='}`)).join(', ')
  const kind = operators === null ? 'unique' : 'exclusion of'
  return `${kind} (${keys})${index.nullsNotDistinct ? ' NULLS NOT DISTINCT' : ''}${index.predicate === null ? '' : ` WHERE ${index.predicate}`}`
}

function checkDifferences({ source: { table: source }, target: { table: target }, sameMajor }: TablePair): TableDifference[] {
  const ours = new Set(source.checks.map((check) => check.expression))
  const theirs = new Set(target.checks.map((check) => check.expression))
  const onlyTarget = target.checks.filter((check) => !ours.has(check.expression))
  const onlySource = source.checks.filter((check) => !theirs.has(check.expression))
  const severity = sameMajor ? 'error' : 'warning'
  // two that bear one name are one check that differs: one finding
  const changed = onlyTarget.flatMap((check) => {
    const before = onlySource.find((other) => other.name === check.name)
    return before === undefined ? [] : [{ name: check.name, before: before.expression, after: check.expression }]
  })
  const isChanged = (check: { readonly name: string }): boolean => changed.some((one) => one.name === check.name)
  return [
    ...changed.map(({ name, before, after }) => ({ severity, message: `check ${name} is ${before} on the source and ${after} on the target` }) as const),
    ...onlyTarget.flatMap((check) => (isChanged(check) ? [] : [{ severity, message: `the target checks ${check.expression} (${check.name}) and the source does not` } as const])),
    ...onlySource.flatMap((check) => (isChanged(check) ? [] : [{ severity: 'warning', message: `the source checks ${check.expression} (${check.name}) and the target does not` } as const])),
  ]
}

/** Foreign keys of moved rows are proven after the load, on the target: a difference is worth knowing, not a reason to stop. */
function foreignKeyDifferences({ source, target }: TablePair): TableDifference[] {
  const [ours, theirs] = [referencesOf(source.foreignKeys), referencesOf(target.foreignKeys)]
  return [
    ...only(theirs, ours).map((reference) => ({ severity: 'warning', message: `the target has the foreign key ${reference} and the source does not` }) as const),
    ...only(ours, theirs).map((reference) => ({ severity: 'warning', message: `the source has the foreign key ${reference} and the target does not` }) as const),
  ]
}

function only(these: readonly string[], others: readonly string[]): string[] {
  return these.filter((reference) => !others.includes(reference))
}

function referencesOf(foreignKeys: readonly ForeignKey[]): string[] {
  return [...new Set(foreignKeys.map(referenceOf))]
}

function referenceOf(foreignKey: ForeignKey): string {
  const pairs = foreignKey.columns.map((column, n) => ({ column, referenced: foreignKey.referencedColumns[n] ?? '' })).sort((a, b) => (a.column < b.column ? -1 : 1))
  const names = (part: 'column' | 'referenced'): string => pairs.map((pair) => pair[part]).join(', ')
  return `(${names('column')}) -> ${tableKey(foreignKey.references)} (${names('referenced')})${foreignKey.matchFull ? ' MATCH FULL' : ''}`
}
