import type { PlanColumn, TableShape } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { columnOf } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { copiedRows } from './copy-stream.js'
import { fieldAt } from './copy-text.js'
import type { Row } from './copy-text.js'
import { projectedText, storedText } from './fingerprint.js'
import { identityColumns } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'
import { projected } from './projection.js'
import type { MapRelation } from './projection.js'
import { isTrue } from './secret-edit.js'
import type { SecretPass, SecretRow } from './secret-pass.js'

export interface SideRows {
  readonly session: Session
  readonly side: Side
  readonly rows: RowSource
}

/** The digests of one row's secrets. */
export interface DigestedRow {
  readonly key: readonly string[]
  readonly digests: readonly (Buffer | null)[]
}

/** Expressions over alias t that yield, on either side, the key that the target has. */
export function targetKeyOf(table: TableShape, map: MapRelation, side: Side, hidden: readonly string[]): readonly string[] {
  const key = identityColumns(table)
  if (key.length === 0) return [`pg_catalog.md5(${side === 'source' ? projectedText(table, map, hidden) : storedText(table, hidden)})`]
  return key.map((column) => textOf(side === 'source' ? projected(table, column, map) : columnOf('t', column.name), column))
}

function textOf(expression: string, { rule }: PlanColumn): string {
  return rule === null ? `${expression}::text` : `(${expression})::text`
}

/** One row as it is read for its secrets. */
export interface ReadRow {
  /** As the target holds it, on both sides; of a table without identity the digest of the rest of the row. */
  readonly key: readonly string[]
  readonly stored: SecretRow
}

/** Reads what is needed of the rows of one side. Rows come in pieces; nothing else may run on the session meanwhile. */
export async function* secretRows(table: TableShape, { columns: names, hidden, conditions }: Pick<SecretPass, 'columns' | 'hidden' | 'conditions'>, map: MapRelation, from: SideRows): AsyncGenerator<readonly ReadRow[]> {
  const bound = targetKeyOf(table, map, from.side, hidden)
  const own = identityColumns(table).map((column) => columnOf('t', column.name))
  const parts = [bound, own, names.map((name) => columnOf('t', name)), conditions.map((condition) => `((${condition}) IS TRUE)`)]
  const columns = parts.flat().map((expression, n) => `${expression} AS c${n + 1}`)
  const [keyEnd, ownEnd, valuesEnd] = [bound.length, bound.length + own.length, bound.length + own.length + names.length]
  const read = (row: Row): ReadRow => {
    const fields = columns.map((_, n) => fieldAt(row, n))
    const texts = fields.slice(0, ownEnd).map((field) => field?.toString('utf8') ?? '')
    const key = texts.slice(0, keyEnd)
    return { key, stored: { values: fields.slice(ownEnd, valuesEnd), holds: fields.slice(valuesEnd).map(isTrue), key: own.length === 0 ? key : texts.slice(keyEnd) } }
  }
  for await (const rows of copiedRows(from.session, sql('chunk/read', { columns: columns.join(', '), ...from.rows }))) yield rows.map(read)
}

/** Reads the rows of one side and opens their secrets. */
export async function* secretDigests(table: TableShape, pass: SecretPass, map: MapRelation, from: SideRows): AsyncGenerator<readonly DigestedRow[]> {
  for await (const rows of secretRows(table, pass, map, from)) {
    const digested: DigestedRow[] = []
    for (const { key, stored } of rows) {
      const digests = pass.digests(from.side, stored, key)
      digested.push({ key, digests: digests instanceof Promise ? await digests : digests })
    }
    yield digested
  }
}

/** 48 bits: sums of two such numbers are exact. */
const PART_BYTES = 6
const PARTS = [0, 6, 12] as const
const MODULUS = 2 ** (8 * PART_BYTES)

/** Order-independent digest of the secrets of a set of rows, each bound to its row: three sums of 48 bits of their keyed digests. */
export async function secretFingerprint(table: TableShape, pass: SecretPass, map: MapRelation, from: SideRows): Promise<string> {
  const sums = [0, 0, 0]
  for await (const rows of secretDigests(table, pass, map, from)) {
    for (const digest of rows.flatMap(({ digests }) => digests)) {
      if (digest === null) continue
      for (const [n, at] of PARTS.entries()) sums[n] = ((sums[n] ?? 0) + digest.readUIntLE(at, PART_BYTES)) % MODULUS
    }
  }
  return sums.join('-')
}
