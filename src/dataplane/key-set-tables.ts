import type { KeySet, OwnedTable, PlanColumn } from '../domain/move-plan.js'
import { columnOf } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { compared } from './compare.js'
import { copyBetween } from './copy-stream.js'
import { ownedRows, planColumn, rowsOfSet, tablesOfSet } from './owned-rows.js'
import type { Scope } from './owned-rows.js'
import { projected } from './projection.js'
import type { MapRelation } from './projection.js'

export interface KeySetContext {
  /** The organization's tables of the plan. */
  readonly owned: readonly OwnedTable[]
  readonly scope: Scope
  /** Sets of a dry run are temporary: gone with the session. */
  readonly temporary: boolean
}

/** Creates the empty relation of a key set in the database of `session`. Its index comes after its first keys: built then, it costs a sixth. */
export async function createKeySet(session: Session, set: KeySet, context: KeySetContext): Promise<void> {
  const columns = keyColumns(set, context.owned)
  const create = sql('keys/create', {
    temporary: context.temporary ? 'TEMPORARY' : '',
    relation: context.scope.relation(set),
    columns: columns.map((column, n) => `NULL::${column.type}${column.collation === null ? '' : ` COLLATE ${column.collation}`} AS c${n + 1}`).join(', '),
    owner: '(SELECT 1) AS none',
  })
  await session.executeAll(context.temporary ? [create] : [create, sql('keys/identify', { relation: context.scope.relation(set) })])
}

/** Idempotent, also where an earlier driver died before it. */
async function indexKeySet(session: Session, relation: string, set: KeySet): Promise<void> {
  const { indexed } = await session.one<{ indexed: boolean }>(sql('keys/is-indexed'), [relation])
  if (!indexed) await session.execute(sql('keys/index', { relation, columns: set.columns.map((_, n) => `c${n + 1}`).join(', ') }))
}

type SessionOf = (database: string) => Session

/**
 * Fills all key sets in the order of the plan from the organization's rows, in one session per database (`sessionOf`), ships
 * each to the other databases that need it, and yields how many keys came in. Run again, it adds what has come since.
 */
export async function fillKeySets(context: KeySetContext, sessionOf: SessionOf): Promise<number> {
  let added = 0
  for (const group of groupsOf(context.scope.keySets)) {
    const came = await fillGroup(group, context, sessionOf)
    for (const set of group) await indexKeySet(sessionOf(set.owner.database), context.scope.relation(set), set)
    if (came > 0) await settleGroup(group, context, sessionOf)
    added += came
  }
  return added
}

/**
 * Fills all key sets anew, once nothing of the organization can change any more: what belonged to it when a set was first
 * filled, and was moved out of it before the fence stood, must not be told by the set. Each group is replaced in one
 * transaction, so that a fence that asks it meanwhile never finds it empty.
 */
export async function rebuildKeySets(context: KeySetContext, sessionOf: SessionOf): Promise<void> {
  for (const group of groupsOf(context.scope.keySets)) {
    const [database, ...others] = [...new Set(group.map((set) => set.owner.database))]
    // a circle through several databases cannot be replaced in one transaction; it keeps what it has
    if (database === undefined || others.length > 0) continue
    const session = sessionOf(database)
    const changed = await session.transaction('READ COMMITTED', async () => {
      let gone = 0
      for (const set of group) gone += await session.execute(set.circle === null ? withoutOwner(set, context) : `DELETE FROM ${context.scope.relation(set)}`)
      return gone + (await fillGroup(group, context, sessionOf))
    })
    if (changed > 0) await settleGroup(group, context, sessionOf)
  }
}

/** Deletes the keys that no row tells any more. Sets of a circle could keep each other alive: those are emptied instead. */
function withoutOwner(set: KeySet, context: KeySetContext): string {
  const { from, where } = rowsOfSet(set, context.owned, context.scope)
  return sql('keys/delete-stale', { relation: context.scope.relation(set), from, where, same: sameKey(set, context) })
}

/** The row under alias t has the key of the set under alias had. */
function sameKey(set: KeySet, context: KeySetContext): string {
  return keyColumns(set, context.owned)
    .map((column, n) => compared(columnOf('t', column.name), '=', `had.c${n + 1}`, column.equality))
    .join(' AND ')
}

/** Sets that depend on each other, together; in the order in which they can be filled. */
function groupsOf(sets: readonly KeySet[]): readonly (readonly KeySet[])[] {
  const groups: KeySet[][] = []
  for (const set of sets) {
    const last = groups.at(-1)
    if (last !== undefined && set.circle !== null && last[0]?.circle === set.circle) last.push(set)
    else groups.push([set])
  }
  return groups
}

async function fillGroup(group: readonly KeySet[], context: KeySetContext, sessionOf: SessionOf): Promise<number> {
  const crosses = new Set(group.map((set) => set.owner.database)).size > 1
  const isCircle = group[0]?.circle !== null
  let added = 0
  for (let grew = true; grew; ) {
    let now = 0
    for (const set of group) {
      const came = await fillOne(set, context, sessionOf(set.owner.database))
      if (came > 0 && crosses) await shipToSiblings(set, context, sessionOf)
      now += came
    }
    added += now
    grew = isCircle && now > 0
  }
  return added
}

async function fillOne(set: KeySet, context: KeySetContext, session: Session): Promise<number> {
  const columns = set.columns.map((name) => columnOf('t', name))
  const [owner, ...others] = tablesOfSet(set, context.owned)
  // a row's identity needs no DISTINCT, which sorts every key (measured: a third of the cost)
  const isUnique = others.length === 0 && owner.identity !== null && owner.identity.every((name) => set.columns.includes(name))
  return session.execute(
    sql('keys/fill', {
      relation: context.scope.relation(set),
      distinct: isUnique ? '' : 'DISTINCT',
      columns: columns.join(', '),
      ...rowsOfSet(set, context.owned, context.scope),
      same: sameKey(set, context),
      not_null: columns.map((column) => `${column} IS NOT NULL`).join(' AND '),
    }),
  )
}

async function settleGroup(group: readonly KeySet[], context: KeySetContext, sessionOf: SessionOf): Promise<void> {
  for (const set of group) {
    await sessionOf(set.owner.database).execute(`ANALYZE ${context.scope.relation(set)}`)
    await shipToSiblings(set, context, sessionOf)
  }
}

async function shipToSiblings(set: KeySet, context: KeySetContext, sessionOf: SessionOf): Promise<void> {
  for (const database of set.databases) {
    if (database !== set.owner.database) await ship(sessionOf(set.owner.database), sessionOf(database), set, context)
  }
}

/** Replaces a set in another database by a copy of this one. */
async function ship(from: Session, to: Session, set: KeySet, { scope }: KeySetContext): Promise<void> {
  const relation = scope.relation(set)
  await replaceContent(from, `COPY (SELECT * FROM ${relation}) TO STDOUT`, to, relation)
  await indexKeySet(to, relation, set)
}

/**
 * Copies a set to the target, keys projected as the target holds them; where a key column is remapped, the owner's rows are
 * read again through the projection. Replaces what was there.
 */
export async function shipToTarget(source: Session, target: Session, set: KeySet, context: KeySetContext & { readonly map: MapRelation }): Promise<void> {
  const owners = tablesOfSet(set, context.owned)
  const relation = context.scope.relation(set)
  const remapped = owners.some((owner) => set.columns.some((name) => planColumn(owner, name).rule !== null))
  const notNull = set.columns.map((name) => `${columnOf('t', name)} IS NOT NULL`).join(' AND ')
  // the leaves that stand for a table may each have rules of their own
  const parts = owners.map((owner) => {
    const { from, where } = ownedRows(owner, context.scope)
    return `SELECT ${set.columns.map((name) => projected(owner, planColumn(owner, name), context.map)).join(', ')} FROM ${from} WHERE (${where}) AND ${notNull}`
  })
  const out = remapped ? `COPY (SELECT DISTINCT * FROM (${parts.join(' UNION ALL ')}) AS remapped) TO STDOUT` : `COPY (SELECT * FROM ${relation}) TO STDOUT`
  await replaceContent(source, out, target, relation)
  await indexKeySet(target, relation, set)
}

/** In one transaction: a fence that asks the set meanwhile must never find it empty. */
async function replaceContent(source: Session, out: string, target: Session, relation: string): Promise<void> {
  await target.transaction('READ COMMITTED', async () => {
    await target.execute(`DELETE FROM ${relation}`)
    await copyBetween({ source, out, target, into: `COPY ${relation} FROM STDIN` })
  })
  await target.execute(`ANALYZE ${relation}`)
}

function keyColumns(set: KeySet, owned: readonly OwnedTable[]): readonly PlanColumn[] {
  const [owner] = tablesOfSet(set, owned)
  return set.columns.map((name) => planColumn(owner, name))
}
