import { literal, qualified } from '../postgres/quote.js'
import type { PlanColumn } from '../domain/move-plan.js'

/** `left = right` with the operator of the type's default class: under search_path pg_catalog a bare = compares citext as text. */
export function compared(left: string, operator: '=' | '<' | '>' | '<=' | '>=', right: string, schema: string): string {
  return schema === 'pg_catalog' ? `${left} ${operator} ${right}` : `${left} OPERATOR("${schema.replaceAll('"', '""')}".${operator}) ${right}`
}

/** The expression under that collation, if any. */
export function underCollation(expression: string, collation: string | null | undefined): string {
  return collation == null ? expression : `${expression} COLLATE ${collation}`
}

/** A value of the database, as text, as a literal of the column's type. */
export function typedLiteral(value: string, column: Pick<PlanColumn, 'castType'>): string {
  return `${literal(value)}::${qualified(column.castType)}`
}

/**
 * Lexicographic comparison of a key with literals, as PostgreSQL's row comparison; spelled out where an operator is not in
 * pg_catalog, with the first column's bound in front so that an index can still be used.
 */
export function keyCompared(columns: readonly PlanColumn[], alias: string, operator: '>' | '<=', values: readonly string[]): string {
  const left = columns.map((column) => `${alias}."${column.name.replaceAll('"', '""')}"`)
  const right = columns.map((column, n) => typedLiteral(values[n] ?? '', column))
  if (columns.every((column) => column.equality === 'pg_catalog')) return `(${left.join(', ')}) ${operator} (${right.join(', ')})`
  const strict = operator === '>' ? '>' : '<'
  const steps = columns.map((column, n) => {
    const equal = columns.slice(0, n).map((c, i) => compared(left[i] ?? '', '=', right[i] ?? '', c.equality))
    const last = n === columns.length - 1 ? operator : strict
    return `(${[...equal, compared(left[n] ?? '', last, right[n] ?? '', column.equality)].join(' AND ')})`
  })
  const [first] = columns
  const bound = first === undefined ? 'true' : compared(left[0] ?? '', operator === '>' ? '>=' : '<=', right[0] ?? '', first.equality)
  return `(${bound} AND (${steps.join(' OR ')}))`
}
