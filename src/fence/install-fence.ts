import type { TableName } from '../domain/catalog.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { fenceFunction, fenceTrigger } from '../dataplane/names.js'
import type { FenceTrigger } from '../dataplane/names.js'
import type { Scope } from '../dataplane/owned-rows.js'
import { ident, literal, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { fenceFunctions, isToldByRow, skipClause, whenClause } from './fence-sql.js'
import type { FenceFacts } from './fence-sql.js'
import { partitionsOf, underTableLocks } from './table-lock.js'
import type { TableWork } from './table-lock.js'

export interface FenceRequest {
  readonly session: Session
  /** Tables of this database; the root first, so that parents stop before children. */
  readonly tables: readonly OwnedTable[]
  readonly scope: Scope
  readonly facts: FenceFacts
  /** Tables (and leaves) whose triggers may be ENABLE ALWAYS: owned by the role, and no subscription applies to them. */
  readonly mayEnableAlways: (table: TableName) => boolean
  readonly onWaiting: (reason: string | null) => void
  readonly signal: AbortSignal
}

/**
 * Puts the write fence on the tables: one short transaction a table, so that nobody queues behind it for longer than
 * lock_timeout; taking the table's lock waits out the writers in flight. Tables that bear it already are left alone, so it
 * may be run again. The key sets must exist. Throws OM3003 when a table's lock cannot be had after retries.
 */
export async function installFence(request: FenceRequest): Promise<void> {
  const { session, tables, scope, facts, onWaiting, signal } = request
  await session.executeAll(fenceFunctions(tables, scope, facts))
  const existing = await existingTriggers(session, facts.moveId)
  const isMissing = ({ name, on }: Trigger): boolean => !existing.has(triggerKey(on, name))
  const known = await partitionsByRoot(session, tables)
  const works = tables.flatMap((table): readonly TableWork[] => {
    const missing = (partitions: readonly TableName[]): readonly Trigger[] => triggersOf(table, partitions, scope, facts).filter(isMissing)
    if (missing(known.get(qualified(table.id)) ?? []).length === 0) return []
    const statements = ({ name, on, text }: Trigger): readonly string[] => [text, ...(request.mayEnableAlways(on) ? [`ALTER TABLE ${qualified(on)} ENABLE ALWAYS TRIGGER ${ident(name)}`] : [])]
    return [{ table: table.id, partitioned: table.partitioned, statements: (partitions) => missing(partitions).flatMap(statements) }]
  })
  await underTableLocks({ session, mode: 'SHARE ROW EXCLUSIVE', onWaiting, signal }, works)
}

function triggerKey(table: TableName, name: string): string {
  return `${qualified(table)} ${name}`
}

/** The triggers that are there, as `triggerKey`s. */
export async function existingTriggers(session: Session, moveId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ schema: string; table: string; name: string; enabled: string }>(sql('fence/existing'), [fenceTriggerPrefixOf(moveId)])
  return new Map(rows.map((row) => [triggerKey({ schema: row.schema, name: row.table }, row.name), row.enabled]))
}

/** The triggers that a whole fence has, as `triggerKey`s; only of the leaves that were there at the freeze. */
export async function expectedTriggers(session: Session, tables: readonly OwnedTable[], options: { readonly moveId: string; readonly wasThere: (leaf: TableName) => boolean }): Promise<readonly string[]> {
  const { moveId, wasThere } = options
  const partitions = await partitionsByRoot(session, tables)
  return tables.flatMap((table) => [
    ...(['new', 'old', 'skip'] as const).map((kind) => triggerKey(table.id, fenceTrigger(moveId, kind))),
    ...[table.id, ...(partitions.get(qualified(table.id)) ?? []).filter(wasThere)].map((on) => triggerKey(on, fenceTrigger(moveId, 'truncate'))),
  ])
}

async function partitionsByRoot(session: Session, tables: readonly OwnedTable[]): Promise<Map<string, TableName[]>> {
  const partitions = new Map<string, TableName[]>()
  const partitioned = tables.filter((table) => table.partitioned).map((table) => table.id)
  for (const { root, partition } of await partitionsOf(session, partitioned)) partitions.set(qualified(root), [...(partitions.get(qualified(root)) ?? []), partition])
  return partitions
}

interface Trigger {
  readonly name: string
  readonly on: TableName
  readonly text: string
}

/** The row triggers reach the partitions by themselves; those on TRUNCATE do not. */
function triggersOf(table: OwnedTable, partitions: readonly TableName[], scope: Scope, facts: FenceFacts): readonly Trigger[] {
  return [...rowTriggers(table, scope, facts), ...[table.id, ...partitions].map((on) => truncateTrigger(on, facts))]
}

function rowTriggers(table: OwnedTable, scope: Scope, facts: FenceFacts): readonly Trigger[] {
  const told = isToldByRow(table)
  const versions = [
    { kind: 'new', when: whenClause(table, scope, facts, 'NEW'), timing: 'AFTER INSERT OR UPDATE' },
    { kind: 'old', when: whenClause(table, scope, facts, 'OLD'), timing: 'AFTER UPDATE OR DELETE' },
    { kind: 'skip', when: skipClause(table, scope), timing: 'BEFORE UPDATE OR DELETE' },
  ] as const
  return versions.map(({ kind, when, timing }) => trigger(table.id, facts, kind, { timing, level: 'ROW', when, function: fenceFunction(facts.moveId, told ? 0 : table.no) }))
}

function truncateTrigger(on: TableName, facts: FenceFacts): Trigger {
  return trigger(on, facts, 'truncate', { timing: 'BEFORE TRUNCATE', level: 'STATEMENT', when: '', function: fenceFunction(facts.moveId, 0) })
}

function trigger(
  on: TableName,
  facts: FenceFacts,
  kind: FenceTrigger,
  parts: { readonly timing: string; readonly level: string; readonly when: string; readonly function: string },
): Trigger {
  const name = fenceTrigger(facts.moveId, kind)
  return { name, on, text: sql('fence/trigger', { name: ident(name), table: qualified(on), argument: literal(kind), ...parts }) }
}

function fenceTriggerPrefixOf(moveId: string): string {
  return fenceTrigger(moveId, 'new').slice(0, -'new'.length)
}
