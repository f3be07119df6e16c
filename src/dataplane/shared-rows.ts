import { bug } from '../domain/errors.js'
import type { InboundReference, MovePlan, OwnedTable, Reference, SharedTable, TableShape } from '../domain/move-plan.js'
import { unitKey } from '../domain/ownership.js'
import { columnOf, ident, identList, literal, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared, underCollation } from './compare.js'
import { copyRows } from './copy-rows.js'
import type { Holder } from './guard.js'
import { addToLedger } from './ledger.js'
import { declaredSql, identityColumns, ownedRows, planColumn, tableItself } from './owned-rows.js'
import type { RowSource, Scope } from './owned-rows.js'
import { canonical, inNameOrder } from './fingerprint.js'
import { loadedColumns } from './projection.js'
import type { MapRelation } from './projection.js'
import { secretDigests } from './secret-digests.js'
import type { DigestedRow } from './secret-digests.js'
import type { SecretPass, SecretPasses } from './secret-pass.js'

export interface SharedContext {
  readonly plan: MovePlan
  readonly scope: Scope
  /** Relation with the keys of a shared table's rows that go along, by the table's number. */
  readonly relation: (tableNo: number) => string
  readonly temporary: boolean
  readonly secrets: SecretPasses
}

export async function createSharedSet(session: Session, table: SharedTable, context: SharedContext): Promise<void> {
  const key = identityColumns(table)
  if (key.length === 0) throw bug(`shared table ${table.id.name} has no key`)
  await session.execute(
    sql('shared/create', {
      temporary: context.temporary ? 'TEMPORARY' : '',
      relation: context.relation(table.no),
      columns: key.map((column, n) => `c${n + 1} ${column.type}${column.collation === null ? '' : ` COLLATE ${column.collation}`}`).join(', '),
    }),
  )
  await session.execute(`CREATE UNIQUE INDEX ON ${context.relation(table.no)} (${key.map((_, n) => `c${n + 1}`).join(', ')})`)
}

/**
 * Fills the sets of all shared tables of one database: the rows that owned or shared rows refer to, until nothing is new, or
 * the rows of the declared `where` instead. Yields how many came in. `hasRows` says which owned tables need not be read.
 */
export async function fillSharedSets(session: Session, database: string, context: SharedContext, hasRows: (tableNo: number) => boolean): Promise<number> {
  const shared = context.plan.shared.filter((table) => table.id.database === database)
  if (shared.length === 0) return 0
  let total = 0
  for (const table of shared) {
    if (table.where === null) continue
    total += await session.execute(
      sql('shared/declared', { relation: context.relation(table.no), keys: keysOf(table, 't'), from: tableItself(table), where: `(${declaredSql(table, table.where, context.scope.org)}\n)` }),
    )
  }
  for (const table of context.plan.owned) {
    if (table.id.database === database && hasRows(table.no)) total += await follow(session, table, ownedRows(table, context.scope), context)
  }
  for (let grew = shared.length > 0; grew; ) {
    let now = 0
    for (const table of shared) now += await follow(session, table, sharedRows(table, context), context)
    total += now
    grew = now > 0
  }
  for (const table of shared) await session.execute(`ANALYZE ${context.relation(table.no)}`)
  return total
}

async function follow(session: Session, referring: OwnedTable | SharedTable, source: RowSource, context: SharedContext): Promise<number> {
  let added = 0
  for (const reference of referring.references) {
    for (const { id } of reference.parents) {
      const parent = context.plan.shared.find((table) => unitKey(table.id) === unitKey(id))
      if (parent === undefined || parent.where !== null) continue
      added += await session.execute(
        sql('shared/closure', {
          relation: context.relation(parent.no),
          keys: keysOf(parent, 'p'),
          shared: tableItself(parent).replace(/ AS t$/, ' AS p'),
          ...distinctReferences(referring, reference, source),
        }),
      )
    }
  }
  return added
}

/** The parts of a statement that starts from the distinct values by which rows refer, and joins the parent under alias p. */
export function distinctReferences(table: TableShape, reference: Pick<Reference, 'columns' | 'parentColumns' | 'collations'>, source: RowSource): Readonly<Record<'distinct' | 'from' | 'where' | 'not_null' | 'matches', string>> {
  const columns = reference.columns.map((name) => columnOf('t', name))
  return {
    // under the parent's collation: spellings that are equal under the column's own may be keys of different rows
    distinct: columns.map((column, n) => `${underCollation(column, reference.collations[n])} AS f${n + 1}`).join(', '),
    from: source.from,
    where: source.where,
    not_null: columns.map((column) => `${column} IS NOT NULL`).join(' AND '),
    matches: reference.columns.map((name, n) => compared(columnOf('p', reference.parentColumns[n] ?? ''), '=', underCollation(`f.f${n + 1}`, reference.collations[n]), planColumn(table, name).equality)).join(' AND '),
  }
}

/** `p.<parent column> = t.<column>` for each column of a reference. */
export function referenceMatch(table: TableShape, reference: Pick<Reference, 'columns' | 'parentColumns' | 'collations'>, alias: string): string {
  return reference.columns.map((name, n) => compared(columnOf(alias, reference.parentColumns[n] ?? ''), '=', underCollation(columnOf('t', name), reference.collations[n]), planColumn(table, name).equality)).join(' AND ')
}

/** `x.<column> = t.<referenced column>` for each column of a reference to the table. */
export function inboundMatch(table: TableShape, inbound: Pick<InboundReference, 'columns' | 'referencedColumns' | 'collations'>): string {
  return inbound.columns
    .map((name, n) => {
      const referenced = planColumn(table, inbound.referencedColumns[n] ?? '')
      return compared(columnOf('x', name), '=', underCollation(columnOf('t', referenced.name), inbound.collations[n]), referenced.equality)
    })
    .join(' AND ')
}

/** The shared rows that go along, on the source. */
export function sharedRows(table: SharedTable, context: SharedContext): RowSource {
  const equal = identityColumns(table).map((column, n) => compared(columnOf('t', column.name), '=', `k.c${n + 1}`, column.equality))
  return { from: `${context.relation(table.no)} AS k JOIN ${tableItself(table)} ON ${equal.join(' AND ')}`, where: 'true' }
}

function keysOf(table: TableShape, alias: string): string {
  return identityColumns(table).map((column) => columnOf(alias, column.name)).join(', ')
}

/** Name of the temporary relation in which one shared table's rows arrive. */
const STAGE = 'pg_temp.org_mover_stage'

export interface SharedComparison {
  readonly differing: number
  readonly examples: readonly (readonly string[])[]
  readonly absent: number
}

/**
 * Sends the shared rows to a temporary relation on the target and compares them there: equal but for `differ_by` where
 * present. Leaves the stage in place for `insertAbsent`; a later call replaces it.
 */
export async function stageShared(sessions: Sessions, table: SharedTable, context: SharedContext, map: MapRelation): Promise<SharedComparison> {
  await stageRows(sessions, table, context, map)
  return compareStaged(sessions.target, table, context, map)
}

/** The same within a transaction that then holds the target's rows FOR SHARE: compared after that, they stay as they are until it ends. */
export async function holdShared(sessions: Sessions, table: SharedTable, context: SharedContext, map: MapRelation): Promise<SharedComparison> {
  await stageRows(sessions, table, context, map)
  await sessions.target.rows(sql('shared/hold', { stage: STAGE, table: tableItself(table), matches: keyMatch(table) }))
  return compareStaged(sessions.target, table, context, map)
}

interface Sessions {
  readonly source: Session
  readonly target: Session
}

async function stageRows({ source, target }: Sessions, table: SharedTable, context: SharedContext, map: MapRelation): Promise<void> {
  const columns = loadedColumns(table)
  const secrets = context.secrets(table)
  await target.execute(`DROP TABLE IF EXISTS ${STAGE}`)
  await target.execute(sql('shared/stage', { stage: STAGE, columns: identList(columns.map((column) => column.name)), table: qualified(table.id) }))
  await copyRows({ source, target, table, columns, rows: sharedRows(table, context), map, secrets, into: STAGE })
  await target.execute(`ANALYZE ${STAGE}`)
}

async function compareStaged(target: Session, table: SharedTable, context: SharedContext, map: MapRelation): Promise<SharedComparison> {
  const secrets = context.secrets(table)
  if (secrets !== null) await markDifferingSecrets(target, table, secrets, map)
  const row = (alias: 's' | 't'): string => comparedText(table, alias, secrets)
  const differing = await target.rows<{ key: string[]; total: string }>(
    sql('shared/differing', { stage: STAGE, table: tableItself(table), matches: keyMatch(table), staged_row: row('s'), row: row('t'), key: `ARRAY[${identityColumns(table).map((column) => `${columnOf('s', column.name)}::text`).join(', ')}]` }),
  )
  const absent = await absentKeys(target, table)
  return { differing: Number(differing[0]?.total ?? 0), examples: differing.map(({ key }) => key), absent: absent.rows }
}

/** What must be equal where a row is present. Ciphertexts need not be: whether their plaintexts differ is noted on the staged row. */
function comparedText(table: SharedTable, alias: 's' | 't', secrets: SecretPass | null): string {
  const columns = inNameOrder(loadedColumns(table)).filter((column) => !table.differBy.includes(column.name) && secrets?.hidden.includes(column.name) !== true)
  const mark = secrets === null ? [] : [alias === 's' ? columnOf(alias, DIFFERS) : 'false']
  return `ROW(${[...columns.map((column) => canonical(column, columnOf(alias, column.name))), ...mark].join(', ')})::text COLLATE pg_catalog."C"`
}

/** Column of the stage: whether a secret of the row has another plaintext on the target. */
const DIFFERS = 'org_mover secrets differ'

/** Opens the secrets of the rows that are on both sides, all by the target's keys, and marks the staged rows where they are not the same. */
async function markDifferingSecrets(target: Session, table: SharedTable, secrets: SecretPass, map: MapRelation): Promise<void> {
  await target.execute(`ALTER TABLE ${STAGE} ADD COLUMN ${ident(DIFFERS)} boolean NOT NULL DEFAULT false`)
  const counts = secrets.secrets.map((name) => !table.differBy.includes(name))
  const read = (from: string, where: string): AsyncGenerator<readonly DigestedRow[]> => secretDigests(table, secrets, map, { session: target, side: 'target', rows: { from, where } })
  const textOf = ({ digests }: DigestedRow): string => JSON.stringify(digests.filter((_, n) => counts[n]).map((digest) => digest?.toString('base64') ?? null))
  const staged = new Map<string, string>()
  const both = (alias: string): string => identityColumns(table).map((column) => compared(columnOf(alias, column.name), '=', columnOf('t', column.name), column.equality)).join(' AND ')
  for await (const rows of read(`${STAGE} AS t`, `EXISTS (SELECT 1 FROM ${tableItself(table).replace(/ AS t$/, ' AS x')} WHERE ${both('x')})`)) for (const row of rows) staged.set(JSON.stringify(row.key), textOf(row))
  const differing: string[][] = []
  for await (const rows of read(tableItself(table), `EXISTS (SELECT 1 FROM ${STAGE} AS x WHERE ${both('x')})`)) {
    differing.push(...rows.filter((row) => staged.get(JSON.stringify(row.key)) !== textOf(row)).map(({ key }) => [...key]))
  }
  if (differing.length === 0) return
  const key = identityColumns(table)
  const arrays = key.map((_, n) => differing.map((one) => one[n] ?? ''))
  await target.execute(sql('shared/mark', { stage: STAGE, mark: ident(DIFFERS), arrays: arrays.map((_, n) => `$${n + 1}::text[]`).join(', '), names: key.map((_, n) => `k${n + 1}`).join(', '), matches: key.map((column, n) => `${columnOf('s', column.name)}::text = k.k${n + 1}`).join(' AND ') }), arrays)
}

/**
 * Updates rows that this move inserted and that have changed on the source since: shared rows are not fenced there. Call
 * within `guarded`, after `stageShared`. Yields how many it brought up to date.
 */
export async function repairDrift(target: Session, table: SharedTable, context: SharedContext, holder: Holder): Promise<number> {
  const secrets = context.secrets(table)
  const key = identityColumns(table)
  const columns = loadedColumns(table).filter((column) => !key.includes(column) && !table.differBy.includes(column.name))
  if (columns.length === 0) return 0
  const arrays = key.map(
    (_, n) => `(SELECT l.keys FROM org_mover.ledger_keys AS l WHERE l.move_id = c.move_id AND l.table_no = c.table_no AND l.chunk_no = c.chunk_no AND l.column_no = ${n + 1})`,
  )
  const names = key.map((_, n) => `k${n + 1}`).join(', ')
  return target.execute(
    sql('shared/repair', {
      table: tableItself(table),
      sets: columns.map((column) => `${ident(column.name)} = ${columnOf('s', column.name)}`).join(', '),
      stage: STAGE,
      matches: keyMatch(table),
      staged_row: comparedText(table, 's', secrets),
      row: comparedText(table, 't', secrets),
      ledger: `org_mover.ledger AS c CROSS JOIN LATERAL unnest(${arrays.join(', ')}) AS k(${names})`,
      own: `c.move_id = ${literal(holder.moveId)}::uuid AND c.table_no = ${table.no} AND ${key.map((column, n) => `k.k${n + 1} = ${columnOf('t', column.name)}::text`).join(' AND ')}`,
    }),
  )
}

/** The staged rows that the target lacks, under alias s, in the session of the last `stageShared`. */
export function absentStaged(table: SharedTable): RowSource {
  return { from: `${STAGE} AS s`, where: `NOT EXISTS (SELECT 1 FROM ${tableItself(table)} WHERE ${keyMatch(table)})` }
}

async function absentKeys(target: Session, table: SharedTable): Promise<{ readonly rows: number; readonly arrays: readonly string[] }> {
  const key = identityColumns(table)
  const row = await target.one<Record<string, string>>(
    sql('shared/absent-keys', {
      arrays: key.map((column, n) => `coalesce(array_agg(${columnOf('s', column.name)}::text), '{}')::text AS k${n + 1}`).join(', '),
      stage: STAGE,
      table: tableItself(table),
      matches: keyMatch(table),
    }),
  )
  return { rows: Number(row['rows']), arrays: key.map((_, n) => row[`k${n + 1}`] ?? '{}') }
}

/**
 * Inserts the staged rows that the target lacks, with their ledger row. Call within `guarded`, after `stageShared`. The
 * chunk number must be new: what an earlier call inserted is present by now and not inserted again.
 */
export async function insertAbsent(target: Session, table: SharedTable, holder: Holder, chunkNo: number): Promise<number> {
  const absent = await absentKeys(target, table)
  if (absent.rows === 0) return 0
  const columns = loadedColumns(table)
  const inserted = await target.execute(
    sql('shared/insert', {
      table: qualified(table.id),
      columns: identList(columns.map((column) => column.name)),
      staged: columns.map((column) => columnOf('s', column.name)).join(', '),
      stage: STAGE,
      target: tableItself(table),
      matches: keyMatch(table),
    }),
  )
  if (inserted !== absent.rows) throw bug(`${inserted} shared rows inserted where ${absent.rows} were absent`)
  await addToLedger(target, holder, { tableNo: table.no, chunkNo }, inserted, absent.arrays)
  return inserted
}

function keyMatch(table: SharedTable): string {
  return identityColumns(table).map((column) => compared(columnOf('t', column.name), '=', columnOf('s', column.name), column.equality)).join(' AND ')
}
