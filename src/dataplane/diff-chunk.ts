import type { Difference } from '../domain/documents.js'
import type { TableShape } from '../domain/move-plan.js'
import { columnOf, literal } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { canonical, inNameOrder, projectedText, storedText } from './fingerprint.js'
import { identityColumns } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'
import { projected } from './projection.js'
import type { MapRelation } from './projection.js'

export interface DiffRequest {
  readonly table: TableShape
  readonly map: MapRelation
  readonly source: { readonly session: Session; readonly rows: RowSource }
  readonly target: { readonly session: Session; readonly rows: RowSource }
}

export interface ChunkDiff {
  readonly missing: number
  readonly extraneous: number
  readonly mismatching: number
  readonly examples: readonly Difference[]
}

const MOST_EXAMPLES = 20

/**
 * Resolves a chunk whose fingerprints differ to rows: keys and digests of both sides are compared here (a chunk's worth of
 * memory), then the columns of a few mismatching rows by their digests. Values never leave the databases, keys do.
 */
export async function diffChunk({ table, map, source, target }: DiffRequest): Promise<ChunkDiff> {
  const key = identityColumns(table)
  const sourceKey = keyArray(key.length === 0 ? [`pg_catalog.md5(${projectedText(table, map)})`] : key.map((column) => `(${projected(table, column, map)})::text`))
  const targetKey = keyArray(key.length === 0 ? [`pg_catalog.md5(${storedText(table)})`] : key.map((column) => `${columnOf('t', column.name)}::text`))
  const [there, here] = await Promise.all([
    digests(source.session, sourceKey, projectedText(table, map), source.rows),
    digests(target.session, targetKey, storedText(table), target.rows),
  ])
  const examples: Difference[] = []
  const counts = { missing: 0, extraneous: 0, mismatching: 0 }
  const note = (kind: Difference['kind'], keyText: string, rows: number): void => {
    counts[kind] += rows
    if (examples.length < MOST_EXAMPLES) examples.push({ schema: table.id.schema, table: table.id.name, primaryKey: nameKey(table, keyText), kind, columns: [] })
  }
  for (const [keyText, digest] of there) {
    const found = here.get(keyText)
    if (found === undefined) note('missing', keyText, digest.length)
    else if (found.join() !== digest.join()) {
      if (found.length < digest.length) note('missing', keyText, digest.length - found.length)
      else if (found.length > digest.length) note('extraneous', keyText, found.length - digest.length)
      else note('mismatching', keyText, 1)
    }
  }
  for (const [keyText, digest] of here) if (!there.has(keyText)) note('extraneous', keyText, digest.length)
  const named = await Promise.all(
    examples.map(async (example) =>
      example.kind === 'mismatching'
        ? { ...example, columns: await differingColumns({ table, map, source, target }, { source: sourceKey, target: targetKey }, JSON.stringify(Object.values(example.primaryKey))) }
        : example,
    ),
  )
  return { ...counts, examples: named }
}

/** Digests by key; several where a table without identity holds the same row twice. */
async function digests(session: Session, key: string, row: string, source: RowSource): Promise<Map<string, string[]>> {
  const byKey = new Map<string, string[]>()
  for await (const { key: values, digest } of session.stream<{ key: string[]; digest: string }>(sql('chunk/row-digests', { key, row, ...source }))) {
    const text = JSON.stringify(values)
    byKey.set(text, [...(byKey.get(text) ?? []), digest].sort())
  }
  return byKey
}

async function differingColumns(request: DiffRequest, keys: { readonly source: string; readonly target: string }, keyText: string): Promise<readonly string[]> {
  const { table, map, source, target } = request
  const columns = inNameOrder(table.columns)
  const wanted = keyArray((JSON.parse(keyText) as (string | null)[]).map(literal))
  const read = async (session: Session, rows: RowSource, key: string, expression: (n: number) => string): Promise<(string | null)[]> => {
    const found = await session.rows<{ columns: (string | null)[] }>(
      sql('chunk/column-digests', { key, columns: keyArray(columns.map((column, n) => `pg_catalog.md5((${canonical(column, expression(n))})::text)`)), from: rows.from, where: `(${rows.where}) AND ${key} = ${wanted}` }),
    )
    return found[0]?.columns ?? []
  }
  const [a, b] = await Promise.all([
    read(source.session, source.rows, keys.source, (n) => (columns[n] === undefined ? 'NULL' : projected(table, columns[n], map))),
    read(target.session, target.rows, keys.target, (n) => columnOf('t', columns[n]?.name ?? '')),
  ])
  return columns.filter((_, n) => a[n] !== b[n]).map((column) => column.name)
}

function keyArray(expressions: readonly string[]): string {
  return `ARRAY[${expressions.join(', ')}]::text[]`
}

function nameKey(table: TableShape, keyText: string): Readonly<Record<string, string | null>> {
  const values = JSON.parse(keyText) as (string | null)[]
  const key = identityColumns(table)
  if (key.length === 0) return { md5: values[0] ?? null }
  return Object.fromEntries(key.map((column, n) => [column.name, values[n] ?? null]))
}
