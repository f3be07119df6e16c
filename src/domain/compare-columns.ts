import { tableKey } from './catalog.js'
import type { Column } from './catalog.js'
import type { TableDifference, TablePair } from './table-difference.js'

/** Differences of the columns of one table, by name; their order does not matter. */
export function columnDifferences({ source: { table: source }, target: { table: target }, sameMajor }: TablePair): TableDifference[] {
  const ours = new Map(source.columns.map((column) => [column.name, column]))
  const theirs = new Map(target.columns.map((column) => [column.name, column]))
  const differences = source.columns.flatMap((column) => {
    const other = theirs.get(column.name)
    if (other === undefined) return [error(`column ${column.name} (${column.type}) is on the source and not on the target`)]
    return differencesOf(column, other, sameMajor)
  })
  return [...differences, ...target.columns.flatMap((column) => (ours.has(column.name) ? [] : [surplus(column)]))]
}

function differencesOf(source: Column, target: Column, sameMajor: boolean): TableDifference[] {
  const { name } = source
  const differences: TableDifference[] = []
  const types = [describeType(source), describeType(target)]
  if (types[0] !== types[1]) differences.push(error(`column ${name} is ${types[0]} on the source and ${types[1]} on the target`))
  if (source.generated !== target.generated) {
    // as text the same expression may differ between major versions; verification compares the values
    const isSpelling = !sameMajor && source.generated !== null && target.generated !== null
    differences.push({ severity: isSpelling ? 'warning' : 'error', message: `column ${name} is ${generated(source)} on the source and ${generated(target)} on the target` })
  }
  if (source.collation !== target.collation) {
    differences.push(error(`column ${name} has ${collated(source)} on the source and ${collated(target)} on the target`))
  } else if (source.deterministic !== target.deterministic) {
    differences.push(error(`column ${name} has ${collated(source)}, which is deterministic on one cell only`))
  }
  if (target.notNull && !source.notNull) differences.push(error(`column ${name} may be NULL on the source and is NOT NULL on the target`))
  if (source.notNull && !target.notNull) differences.push({ severity: 'warning', message: `column ${name} is NOT NULL on the source and may be NULL on the target` })
  return differences
}

/** Rows arrive without this column: it takes its default. */
function surplus(column: Column): TableDifference {
  const isFilled = column.default !== null || column.generated !== null || column.identity !== null
  const message = `column ${column.name} (${column.type}) is on the target and not on the source`
  if (column.notNull && !isFilled) return error(`${message}, where it is NOT NULL without a default`)
  return { severity: 'warning', message: `${message}; moved rows get ${isFilled ? 'its default' : 'NULL'} in it` }
}

/** `format_type` alone would take a domain for the same whatever it is a domain of. */
function describeType(column: Column): string {
  return column.typeKind === 'd' ? `${column.type} (a domain over ${tableKey(column.baseType)})` : column.type
}

function generated(column: Column): string {
  return column.generated === null ? 'not generated' : `generated as ${column.generated}`
}

function collated(column: Column): string {
  return column.collation === null ? "its type's default collation" : `collation ${column.collation}`
}

function error(message: string): TableDifference {
  return { severity: 'error', message }
}
