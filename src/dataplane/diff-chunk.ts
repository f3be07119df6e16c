import type { Difference } from '../domain/documents.js'
import type { TableShape } from '../domain/move-plan.js'
import { columnOf, literal } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { Side } from '../domain/vocabulary.js'
import { canonical, inNameOrder, projectedText, storedText } from './fingerprint.js'
import { identityColumns } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'
import { projected } from './projection.js'
import type { MapRelation } from './projection.js'
import { secretDigests, targetKeyOf } from './secret-digests.js'
import type { SecretPass } from './secret-pass.js'

export interface DiffRequest {
  readonly table: TableShape & { readonly binary?: boolean }
  readonly map: MapRelation
  readonly secrets: SecretPass | null
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
 * memory), then the columns of a few mismatching rows by their digests. Values never leave the databases, keys do, and secrets come to be opened.
 */
export async function diffChunk(request: DiffRequest): Promise<ChunkDiff> {
  const { table, map, secrets } = request
  const hidden = secrets?.hidden ?? []
  const keys = { source: keyArray(targetKeyOf(table, map, 'source', hidden)), target: keyArray(targetKeyOf(table, map, 'target', hidden)) }
  const [there, here] = await Promise.all([digests(request, 'source', keys.source, projectedText(table, map, hidden)), digests(request, 'target', keys.target, storedText(table, hidden))])
  const examples: Difference[] = []
  const counts = { missing: 0, extraneous: 0, mismatching: 0 }
  const note = (kind: Difference['kind'], keyText: string, rows: number): void => {
    counts[kind] += rows
    if (examples.length < MOST_EXAMPLES) examples.push({ schema: table.id.schema, table: table.id.name, primaryKey: nameKey(table, keyText), kind, columns: [] })
  }
  for (const [keyText, { rows, secrets: plaintexts }] of there) {
    const found = here.get(keyText)
    if (found === undefined) note('missing', keyText, rows.length)
    else if (found.rows.length < rows.length) note('missing', keyText, rows.length - found.rows.length)
    else if (found.rows.length > rows.length) note('extraneous', keyText, found.rows.length - rows.length)
    else if (found.rows.join() !== rows.join() || JSON.stringify(found.secrets) !== JSON.stringify(plaintexts)) note('mismatching', keyText, 1)
  }
  for (const [keyText, { rows }] of here) if (!there.has(keyText)) note('extraneous', keyText, rows.length)
  const named = await Promise.all(
    examples.map(async (example) =>
      example.kind === 'mismatching'
        ? { ...example, columns: await differingColumns(request, keys, { source: there, target: here }, JSON.stringify(Object.values(example.primaryKey))) }
        : example,
    ),
  )
  return { ...counts, examples: named }
}

interface RowDigests {
  /** Several where a table without identity holds the same row twice. */
  readonly rows: readonly string[]
  /** Of each of the pass's secrets. */
  readonly secrets: readonly (string | null)[]
}

/** Digests of one side's rows by the key that the target has. */
async function digests(request: DiffRequest, side: Side, key: string, row: string): Promise<ReadonlyMap<string, RowDigests>> {
  const { table, map, secrets } = request
  const { session, rows: source } = request[side]
  const byKey = new Map<string, RowDigests>()
  for await (const { key: values, digest } of session.stream<{ key: string[]; digest: string }>(sql('chunk/row-digests', { key, row, ...source }))) {
    const text = JSON.stringify(values)
    byKey.set(text, { rows: [...(byKey.get(text)?.rows ?? []), digest].sort(), secrets: [] })
  }
  if (secrets === null) return byKey
  for await (const piece of secretDigests(table, secrets, map, { session, side, rows: source })) for (const found of piece) {
    const text = JSON.stringify(found.key)
    const known = byKey.get(text)
    if (known !== undefined) byKey.set(text, { ...known, secrets: [...known.secrets, ...found.digests.map((digest) => digest?.toString('base64') ?? null)] })
  }
  return byKey
}

/** Each value as part of a record, as in the row's text: a cast to text of a value alone cuts the blanks of bpchar, and may be anybody's function. */
async function differingColumns(request: DiffRequest, keys: { readonly source: string; readonly target: string }, digested: Readonly<Record<Side, ReadonlyMap<string, RowDigests>>>, keyText: string): Promise<readonly string[]> {
  const { table, map, secrets, source, target } = request
  const columns = inNameOrder(table.columns.filter((column) => secrets?.hidden.includes(column.name) !== true))
  const wanted = keyArray((JSON.parse(keyText) as (string | null)[]).map(literal))
  const read = async (session: Session, rows: RowSource, key: string, expression: (n: number) => string): Promise<(string | null)[]> => {
    const found = await session.rows<{ columns: (string | null)[] }>(
      sql('chunk/column-digests', { key, columns: keyArray(columns.map((column, n) => `pg_catalog.md5(ROW(${canonical(column, expression(n), table.binary)})::text)`)), from: rows.from, where: `(${rows.where}) AND ${key} = ${wanted}` }),
    )
    return found[0]?.columns ?? []
  }
  const [a, b] = await Promise.all([
    read(source.session, source.rows, keys.source, (n) => (columns[n] === undefined ? 'NULL' : projected(table, columns[n], map))),
    read(target.session, target.rows, keys.target, (n) => columnOf('t', columns[n]?.name ?? '')),
  ])
  const [there, here] = [digested.source.get(keyText)?.secrets ?? [], digested.target.get(keyText)?.secrets ?? []]
  return [...columns.filter((_, n) => a[n] !== b[n]).map((column) => column.name), ...(secrets?.secrets ?? []).filter((_, n) => there[n] !== here[n])]
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
