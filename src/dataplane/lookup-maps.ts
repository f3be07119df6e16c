import { matchLookup } from '../domain/match-lookup.js'
import type { KeyedRow, LookupMatch, LookupRow } from '../domain/match-lookup.js'
import type { LookupTable, MovePlan, PlanColumn, Reference, TableShape } from '../domain/move-plan.js'
import { columnOf, ident, identList, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared, underCollation } from './compare.js'
import { copyBetween } from './copy-stream.js'
import type { Holder } from './guard.js'
import { addToLedger, isLoaded } from './ledger.js'
import { identityColumns, planColumn, tableItself } from './owned-rows.js'
import type { RowSource } from './owned-rows.js'
import { castTo, loadedColumns, newColumn, oldColumn, projected } from './projection.js'
import type { MapRelation } from './projection.js'
import { referenceMatch } from './shared-rows.js'

/** Columns of a lookup table that are read on both sides, in the order of a LookupRow: the natural key and whatever moving rows refer by. */
export function lookupColumns(table: LookupTable): readonly string[] {
  return [...new Set([...table.matchBy, ...table.referenced.flat(), ...(table.identity ?? [])])]
}

const STAGE = 'pg_temp.org_mover_lookup'

/** Matches all rows of both sides by the natural key. The source's rows go into a temporary relation of the target's session. */
export async function matchLookupTable(source: Session, target: Session, table: LookupTable): Promise<LookupMatch> {
  const columns = lookupColumns(table)
  const names = identList(columns)
  // a column of the table may have the name of one of the statement's own
  const natural = table.matchBy.map((name) => `t.c${columns.indexOf(name) + 1}`)
  await target.execute(`DROP TABLE IF EXISTS ${STAGE}`)
  await target.execute(sql('shared/stage', { stage: STAGE, columns: names, table: qualified(table.id) }))
  await copyBetween({ source, out: sql('chunk/read', { columns: columns.map((name) => columnOf('t', name)).join(', '), from: tableItself(table), where: 'true' }), target, into: `COPY ${STAGE} (${names}) FROM STDIN` })
  const rows = await target.rows<KeyedRow & Record<string, unknown>>(
    sql('lookup/rows', {
      columns: columns.map((_, n) => `t.c${n + 1}::text`).join(', '),
      names: columns.map((name, n) => `${ident(name)} AS c${n + 1}`).join(', '),
      key: natural.join(', '),
      has_null: natural.map((column) => `${column} IS NULL`).join(' OR '),
      stage: STAGE,
      table: tableItself(table).replace(/ AS t$/, ''),
    }),
  )
  await target.execute(`DROP TABLE ${STAGE}`)
  return matchLookup(rows)
}

/** True where both cells have the same keys for every row that both have: nothing needs to be remapped. */
export function isIdentity(table: LookupTable, match: LookupMatch): boolean {
  const positions = [...new Set(table.referenced.flat())].map((name) => lookupColumns(table).indexOf(name))
  return match.pairs.every(({ source, target }) => positions.every((n) => source[n] === target[n]))
}

export interface MapContext {
  readonly map: MapRelation
  readonly temporary: boolean
}

/** Creates the map relation of a lookup table in this database; does nothing for one that nothing refers to. */
export async function createMap(session: Session, table: LookupTable, context: MapContext): Promise<void> {
  const columns = mapColumns(table)
  const definitions = columns.flatMap((column) => [oldColumn(column.name), newColumn(column.name)].map((name) => underCollation(`${name} ${column.type}`, column.collation)))
  await session.execute(sql('lookup/create-map', { temporary: context.temporary ? 'TEMPORARY' : '', relation: context.map(table.no), columns: definitions.join(', ') }))
  if (!context.temporary) await session.execute(sql('keys/identify', { relation: context.map(table.no) }))
  if (columns.length > 0) await session.execute(`CREATE INDEX ON ${context.map(table.no)} (${columns.map((column) => oldColumn(column.name)).join(', ')})`)
}

/** Replaces the map's content by these pairs. */
export async function fillMap(session: Session, table: LookupTable, match: LookupMatch, context: MapContext): Promise<void> {
  const columns = mapColumns(table)
  if (columns.length === 0) return
  const positions = columns.map((column) => lookupColumns(table).indexOf(column.name))
  const arrays = positions.flatMap((n) => [match.pairs.map(({ source }) => source[n] ?? null), match.pairs.map(({ target }) => target[n] ?? null)])
  const casts = columns.flatMap((column) => [column, column]).map((column, n) => `u.c${n + 1}::${castTo(column)}`)
  await session.transaction('READ COMMITTED', async () => {
    await session.execute(`DELETE FROM ${context.map(table.no)}`)
    await session.rows(
      sql('lookup/fill-map', { relation: context.map(table.no), columns: casts.join(', '), arrays: arrays.map((_, n) => `$${n + 1}::text[]`).join(', '), names: arrays.map((_, n) => `c${n + 1}`).join(', ') }),
      arrays,
    )
  })
  await session.execute(`ANALYZE ${context.map(table.no)}`)
}

function mapColumns(table: LookupTable): readonly PlanColumn[] {
  return [...new Set(table.referenced.flat())].map((name) => planColumn(table, name))
}

/** The rows that refer to this lookup table, where the reference is to several tables. */
function usesOf(table: TableShape, source: RowSource, reference: Reference, lookup: LookupTable): RowSource {
  if (reference.parents.length === 1) return source
  return { from: source.from, where: `(${source.where}) AND EXISTS (SELECT 1 FROM ${tableItself(lookup).replace(/ AS t$/, ' AS p')} WHERE ${referenceMatch(table, reference, 'p')})` }
}

/** A use of a lookup table by moving rows that no row of the target answers. */
export interface UnmatchedUse {
  readonly key: readonly string[]
  readonly rows: number
}

/** Keys of the lookup table by which moving rows refer to it and which the map does not know: as that table spells them, or, where it stands in another database, as the rows do. */
export async function unmatchedUses(session: Session, request: { readonly table: TableShape; readonly source: RowSource; readonly reference: Reference; readonly lookup: LookupTable; readonly relation: string }): Promise<readonly UnmatchedUse[]> {
  const { table, reference, lookup } = request
  const columns = reference.columns.map((name) => columnOf('t', name))
  const spelled = (column: string, n: number): string =>
    lookup.id.database === table.id.database
      ? `coalesce((SELECT ${columnOf('p', reference.parentColumns[n] ?? '')}::text FROM ${tableItself(lookup).replace(/ AS t$/, ' AS p')} WHERE ${referenceMatch(table, reference, 'p')} LIMIT 1), ${column}::text)`
      : `${column}::text`
  const rows = await session.rows<{ key: string[]; rows: string }>(
    sql('lookup/used', {
      columns: columns.map(spelled).join(', '),
      ...usesOf(table, request.source, reference, lookup),
      not_null: columns.map((column) => `${column} IS NOT NULL`).join(' AND '),
      map: request.relation,
      matches: reference.parentColumns.map((name, n) => compared(`m.${oldColumn(name)}`, '=', underCollation(columns[n] ?? '', reference.collations[n]), planColumn(table, reference.columns[n] ?? '').equality)).join(' AND '),
      group: columns.join(', '),
    }),
  )
  return rows.map(({ key, rows: count }) => ({ key, rows: Number(count) }))
}

/**
 * Adds one row that the target lacks, found on the source by its natural key, and records it in the ledger; ids come from the
 * target's own sequence where the key column has a default there. Call within `guarded`. Idempotent by its chunk number.
 */
export async function insertMissing(
  sessions: { readonly source: Session; readonly target: Session },
  request: { readonly table: LookupTable; readonly row: LookupRow; readonly chunkNo: number; readonly holder: Holder; readonly map: MapRelation; readonly hasDefault: (column: string) => boolean },
): Promise<void> {
  const { table, holder, chunkNo } = request
  const chunk = { tableNo: table.no, chunkNo }
  if (await isLoaded(sessions.target, holder, chunk)) return
  const key = identityColumns(table)
  const columns = loadedColumns(table).filter((column) => !(key.includes(column) && request.hasDefault(column.name) && !table.matchBy.includes(column.name)))
  const naturalKey = table.matchBy.map((name) => request.row[lookupColumns(table).indexOf(name)] ?? null)
  const { row } = await sessions.source.one<{ row: (string | null)[] }>(
    sql('lookup/missing-row', {
      columns: columns.map((column) => `(${projected(table, column, request.map)})::text`).join(', '),
      from: tableItself(table),
      where: table.matchBy.map((name, n) => `${columnOf('t', name)}::text = ($1::text[])[${n + 1}]`).join(' AND '),
    }),
    [naturalKey],
  )
  const { keys } = await sessions.target.one<{ keys: string[] }>(
    sql('lookup/insert', {
      table: qualified(table.id),
      columns: identList(columns.map((column) => column.name)),
      values: columns.map((column, n) => `$${n + 1}::${castTo(column)}`).join(', '),
      returning: key.map((column) => `${columnOf('', column.name).slice(1)}::text`).join(', '),
    }),
    row,
  )
  await addToLedger(sessions.target, holder, chunk, 1, keys.map((value) => arrayText(value)))
}

/** A one-element text[] in text form. */
function arrayText(value: string): string {
  return `{"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"}`
}

/** The plan without the remappings that change nothing, so that those tables are streamed as they are. */
export function withoutIdentityMaps(plan: MovePlan, identical: ReadonlySet<number>): MovePlan {
  const plain = <T extends TableShape>(table: T): T => ({ ...table, columns: table.columns.map((column) => (column.rule?.kind === 'lookup' && column.rule.lookups.every((no) => identical.has(no)) ? { ...column, rule: null } : column)) })
  return { ...plan, owned: plan.owned.map(plain), shared: plan.shared.map(plain), lookups: plan.lookups.map(plain) }
}
