import { createHash } from 'node:crypto'
import type { PlanColumn, TableShape } from '../domain/move-plan.js'
import { columnOf } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { RowSource } from './owned-rows.js'
import { projected } from './projection.js'
import type { MapRelation } from './projection.js'

/**
 * Count and digest of a set of rows. The digest is the pair of sums, over all rows, of two 64-bit hashes with seeds of the
 * move: equal sets give equal digests in any order, and a fixed pair of rows cannot cancel out without knowing the seeds.
 */
export interface Fingerprint {
  readonly rows: number
  readonly a: string
  readonly b: string
  /** Of the plaintexts of secret columns, under a key of the process that made it: comparable within one verification only. */
  readonly secrets?: string
}

export function isSame(one: Fingerprint, other: Fingerprint): boolean {
  return one.rows === other.rows && one.a === other.a && one.b === other.b && one.secrets === other.secrets
}

/** Seeds of the move's hashes, from its id. */
export function seedsOf(moveId: string): readonly [string, string] {
  const digest = createHash('sha256').update(moveId).digest()
  return [digest.readBigInt64LE(0).toString(), digest.readBigInt64LE(8).toString()]
}

/** Whether a table's rows travel in binary decides how they are read. */
type Widths = TableShape & { readonly binary?: boolean }

/**
 * The canonical text of a row: a record of its columns in the order of their names, as PostgreSQL prints it under the pinned
 * settings. Record output quotes and escapes, and prints NULL as nothing and '' as "", so different rows never share a text
 * (1.0 and 1.00, 0 and -0 differ). bytea goes in by its SHA-256, and in tables with very long values text does too: hex and quoting would double them, and
 * no text exceeds 1 GB.
 */
function rowText(table: Widths, expression: (column: PlanColumn) => string, hidden: readonly string[]): string {
  const fields = inNameOrder(table.columns.filter((column) => !hidden.includes(column.name))).map((column) => canonical(column, expression(column), table.binary))
  return `ROW(${fields.join(', ')})::text`
}

/** The types whose text is all that there is to a value. */
const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar', 'json', 'jsonb', 'xml'])

/** A column's part of the text of a row; by a digest where its own text could be too long. */
export function canonical({ castType: { schema, name } }: PlanColumn, expression: string, isWide = false): string {
  const bytes = schema !== 'pg_catalog' ? null : name === 'bytea' ? expression : isWide && TEXTS.has(name) ? `pg_catalog.convert_to((${expression})::text, 'UTF8')` : null
  return bytes === null ? expression : `pg_catalog.encode(pg_catalog.sha256(${bytes}), 'hex')`
}

export function inNameOrder(columns: readonly PlanColumn[]): readonly PlanColumn[] {
  return [...columns].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Columns as the source will yield them to the target, without those of `hidden`, which are compared in another way. */
export function projectedText(table: Widths, map: MapRelation, hidden: readonly string[] = []): string {
  return rowText(table, (column) => projected(table, column, map), hidden)
}

/** Columns as they are stored. */
export function storedText(table: Widths, hidden: readonly string[] = []): string {
  return rowText(table, (column) => columnOf('t', column.name), hidden)
}

export async function fingerprint(session: Session, row: string, source: RowSource, seeds: readonly [string, string]): Promise<Fingerprint> {
  const found = await session.one<{ rows: string; a: string; b: string }>(sql('chunk/fingerprint', { row, ...source, seed1: bigintLiteral(seeds[0]), seed2: bigintLiteral(seeds[1]) }))
  return { rows: Number(found.rows), a: found.a, b: found.b }
}

/** Negative literals need the cast around them: -9223372036854775808 is not minus a bigint. */
export function bigintLiteral(value: string): string {
  return `'${value}'::bigint`
}
