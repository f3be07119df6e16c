import type { TableName } from '../domain/catalog.js'

/** The only place where a name or a value becomes part of a statement's text. */

/** A SQL identifier, always quoted, so that case, keywords, quotes and newlines in names are harmless. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function qualified(table: TableName): string {
  return `${ident(table.schema)}.${ident(table.name)}`
}

/** A string literal under standard_conforming_strings = on; a backslash needs the E form nowhere. */
export function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

export function identList(names: readonly string[]): string {
  return names.map(ident).join(', ')
}

/** `alias."column"` */
export function columnOf(alias: string, name: string): string {
  return `${alias}.${ident(name)}`
}

/** A dollar-quoted body whose tag does not occur in it. */
export function dollarQuoted(body: string): string {
  let tag = '$om$'
  for (let n = 0; body.includes(tag); n += 1) tag = `$om${n}$`
  return `${tag}${body}${tag}`
}
