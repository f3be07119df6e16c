import type { Column } from '../domain/catalog.js'
import { columnOf } from '../postgres/quote.js'

/** How wide the values of one column get, as bigint SQL over alias t; NULL counts as nothing. */
export interface ValueWidth {
  /** As text COPY sends it, at most: from stored lengths alone, nothing is detoasted. */
  readonly bound: string
  readonly text: string
  readonly binary: string
}

/** Text is measured whole wherever it is stored. */
const TEXT = new Set(['text', 'varchar', 'bpchar', 'xml'])
/** Never longer than a few hundred bytes, whatever their values (an array of them is). */
const SHORT = new Set(['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'money', 'uuid', 'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'inet', 'cidr', 'macaddr', 'macaddr8', 'point', 'line', 'lseg', 'box', 'circle', 'oid', 'xid', 'xid8', 'cid', 'tid', 'name', 'char', 'pg_lsn', 'numeric', 'regclass', 'regtype', 'regproc'])
/** What COPY writes as two bytes. */
const ESCAPED = String.raw`E'\\\b\f\n\r\t\v'`

/**
 * How much compression takes off at most: a pglz match of 3 bytes and a bit stands for up to 273, a byte of an lz4 match's length for 255.
 */
const COMPRESSED = (value: string): string => `CASE pg_catalog.pg_column_compression(${value}) WHEN 'pglz' THEN 90 WHEN 'lz4' THEN 256 ELSE 1 END`

/** How much the text of a value exceeds what is stored: a backslash in a composite in an array is eight, "\u0001" in jsonb seven; of an enum four bytes stand for a label. */
const PRINTED = 8
const PRINTED_ENUMS = 40

/** The greatest bound that a byte stored apart can have: tables with fewer such bytes hold no wide row. */
export const MOST_OF_A_STORED_BYTE = 256 * PRINTED_ENUMS

/** Null where no value of the column is long. `isEnum`: what the value is made of is an enum. */
export function valueWidth(column: Column, isEnum: boolean): ValueWidth | null {
  const value = columnOf('t', column.name)
  const { schema, name } = column.typeName
  const isBuiltIn = schema === 'pg_catalog'
  if (column.generated !== null || column.typeKind === 'e' || (isBuiltIn && SHORT.has(name))) return null
  if (isBuiltIn && name === 'bytea') return { bound: lengthOf(`octet_length(${value})`, 2), text: lengthOf(`octet_length(${value})`, 2), binary: lengthOf(`octet_length(${value})`) }
  const text = `(${value})::text`
  const escaped = `coalesce(octet_length(${text})::bigint + octet_length(${text}) - octet_length(translate(${text}, ${ESCAPED}, '')), 0)`
  if (isBuiltIn && TEXT.has(name)) return { bound: lengthOf(`octet_length(${text})`, 2), text: escaped, binary: lengthOf(`octet_length(${text})`) }
  const printed = isEnum ? PRINTED_ENUMS : PRINTED
  return { bound: `coalesce(pg_catalog.pg_column_size(${value})::bigint * ${COMPRESSED(value)} * ${printed}, 0)`, text: escaped, binary: lengthOf(sentLength(column, value, text)) }
}

/** json, jsonb and most others are sent as their text; what is made of parts, part by part. */
function sentLength({ type, typeKind }: Column, value: string, text: string): string {
  if (type.endsWith('[]')) return `octet_length(pg_catalog.array_send(${value}))`
  return typeKind === 'c' ? `octet_length(pg_catalog.record_send(${value}))` : `octet_length(${text})`
}

function lengthOf(length: string, factor = 1): string {
  return `coalesce(${length}::bigint * ${factor}, 0)`
}
