import { tableKey } from './catalog.js'
import type { Catalog, UserType } from './catalog.js'
import type { TableDifference, TablePair } from './table-difference.js'

/**
 * Differences of the types that columns of these tables are made of, at any depth, once each and not once a column. Values travel as text: a composite whose attributes stand in another order
 * would be taken over with its values exchanged, and look the same on both sides. More labels of an enum on the target do no harm as long as the order of the others is kept. Pure.
 */
export function typeDifferences(source: Catalog, target: Catalog, pairs: readonly TablePair[]): readonly TableDifference[] {
  const theirs = new Map(target.types.map((type) => [tableKey(type), type]))
  const users = usersByType(pairs)
  return source.types.flatMap((type) => {
    const columns = type.roots.flatMap((root) => users.get(tableKey(root)) ?? [])
    const other = theirs.get(tableKey(type))
    // a type that the target does not use shows as a difference of the columns' types
    if (columns.length === 0 || other === undefined) return []
    const found = type.kind === 'e' ? enumDifferences(type, other) : [...shapeDifferences(type, other), ...checkDifferences(type, other, pairs)]
    return found.map(({ severity, message }) => ({ severity, message: `${message} (used by ${some(columns)})` }))
  })
}

function usersByType(pairs: readonly TablePair[]): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>()
  for (const { source: { table } } of pairs) {
    for (const { name, typeName } of table.columns) users.set(tableKey(typeName), [...(users.get(tableKey(typeName)) ?? []), `${tableKey(table)}.${name}`])
  }
  return users
}

function enumDifferences(type: UserType, { labels: to }: UserType): readonly TableDifference[] {
  const { labels: from } = type
  if (from.length === to.length && from.every((label, n) => label === to[n])) return []
  const kept = to.filter((label) => from.includes(label))
  const isKept = kept.length === from.length && kept.every((label, n) => label === from[n])
  return [{ severity: isKept ? 'warning' : 'error', message: `enum ${tableKey(type)} has the labels ${from.join(', ')} on the source and ${to.join(', ')} on the target` }]
}

function shapeDifferences(type: UserType, other: UserType): readonly TableDifference[] {
  return type.kind === other.kind && type.shape === other.shape ? [] : [{ severity: 'error', message: `type ${tableKey(type)} is (${type.shape ?? ''}) on the source and (${other.shape ?? ''}) on the target` }]
}

/** Another major version may print one expression in another way. */
function checkDifferences(type: UserType, other: UserType, [pair]: readonly TablePair[]): readonly TableDifference[] {
  const only = (these: readonly string[], those: readonly string[]): readonly string[] => these.filter((check) => !those.includes(check))
  return [
    ...only(other.checks, type.checks).map((check) => ({ severity: pair?.sameMajor === true ? 'error' : 'warning', message: `domain ${tableKey(type)} checks ${check} on the target and not on the source` }) as const),
    ...only(type.checks, other.checks).map((check) => ({ severity: 'warning', message: `domain ${tableKey(type)} checks ${check} on the source and not on the target` }) as const),
  ]
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
