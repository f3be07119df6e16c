import { checkServer, unownedTables } from '../checks/check-cells.js'
import { tableKey } from '../domain/catalog.js'
import type { Catalog, Table } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { isExempt, isOwned } from '../domain/ownership.js'
import type { Unit } from '../domain/ownership.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { CheckPlace, CheckReport } from './check-report.js'

type Place = CheckPlace & { readonly database: string }

interface DatabaseOptions {
  readonly open: (cell: string, database: string) => Promise<Session>
  readonly lockTimeoutMs: number
}

/** Connection, server, role and settings of one database; its catalog, or null where it cannot be read. */
export async function checkDatabase(report: CheckReport, place: Place, { open, lockTimeoutMs }: DatabaseOptions): Promise<Catalog | null> {
  await using stack = new AsyncDisposableStack()
  let looking = 'reachable'
  try {
    const session = stack.use(await open(place.cell, place.database))
    report.add(place, 'reachable', 'connected', [])
    report.add(place, 'session', 'settings hold between statements: no transaction pooler', [])
    looking = 'server'
    const catalog = await readCatalog(session)
    const found = await checkServer(session, catalog, place)
    const only = (code: Finding['code']): readonly Finding[] => found.filter((one) => one.code === code)
    report.add(place, 'server', `PostgreSQL ${versionOf(catalog)}, primary, encoding ${catalog.server.encoding}`, only('OM2012'))
    report.add(place, 'role', 'may create the schema org_mover and temporary tables, and set session_replication_role', only('OM2010'))
    report.add(place, 'subscriptions', 'no logical replication worker writes to this database', only('OM2121'))
    report.add(place, 'event triggers', 'none runs at the DDL of a move', only('OM2136'))
    const { deadlock_timeout_ms: deadlockMs } = await session.one<{ deadlock_timeout_ms: number }>(sql('doctor/settings'))
    report.add(place, 'settings', `lock_timeout ${lockTimeoutMs} ms is above deadlock_timeout ${deadlockMs} ms`, lockTimeout(place, lockTimeoutMs, deadlockMs))
    return catalog
  } catch (error) {
    report.fail(place, error instanceof MoverError && error.code === 'OM2011' ? 'session' : looking, error)
    return null
  }
}

function versionOf({ server }: Catalog): string {
  return `${Math.floor(server.versionNum / 10_000)}.${server.versionNum % 10_000}`
}

function lockTimeout(place: Place, lockTimeoutMs: number, deadlockMs: number): readonly Finding[] {
  if (lockTimeoutMs > deadlockMs) return []
  return [
    finding('OM2012', 'warning', place, {
      message: `lock_timeout ${lockTimeoutMs} ms is not above the server's deadlock_timeout (${deadlockMs} ms): an autovacuum in the way of a fence is never cancelled, and the freeze would fail`,
      hint: 'raise lock_timeout in the configuration',
    }),
  ]
}

/** What the role may do with the tables that move, whichever way; row security; what would fire on loaded rows. */
export function checkPrivileges(report: CheckReport, place: Place, catalog: Catalog, units: readonly Unit[]): void {
  const moving = units.filter((unit) => unit.id.database === place.database && (isOwned(unit) || isExempt(unit, 'shared') || isExempt(unit, 'lookup')))
  const at = (table: Table): Place & { readonly schema: string; readonly table: string } => ({ ...place, schema: table.schema, table: table.name })
  report.add(place, 'table privileges', `the role has what a move needs on ${moving.length} tables`, moving.flatMap((unit) => [...missingRights(unit, at(unit.table)), ...(isOwned(unit) ? unownedTables(catalog, unit.table, at(unit.table)) : [])]))
  report.add(
    place,
    'row security',
    'no policy hides rows from the role',
    moving
      .filter(({ table }) => table.rowSecurity.enabled && !table.bypassesRowSecurity)
      .map(({ table }) => finding('OM2120', 'error', at(table), { message: 'row-level security applies to the role of the mover and would hide rows', hint: 'ALTER ROLE … BYPASSRLS' })),
  )
  const below = new Map<string, Table[]>()
  for (const table of catalog.tables) for (const parent of table.parents) below.set(tableKey(parent), [...(below.get(tableKey(parent)) ?? []), table])
  report.add(place, 'triggers', 'nothing fires in the replica role', moving.flatMap((unit) => firing([unit.table, ...(below.get(tableKey(unit.id)) ?? [])], at(unit.table))))
}

function missingRights(unit: Unit, place: Place & { readonly schema: string; readonly table: string }): readonly Finding[] {
  // rows are locked before they are deleted or referred to, and a row lock needs UPDATE
  const needed = isOwned(unit) ? (['select', 'insert', 'update', 'delete', 'trigger'] as const) : (['select', 'insert', 'update'] as const)
  const missing = needed.filter((right) => !unit.table.privileges[right]).map((right) => right.toUpperCase())
  if (missing.length === 0) return []
  return [finding('OM2010', 'error', place, { message: `the role lacks ${missing.join(', ')} on the table`, hint: `GRANT ${missing.join(', ')} ON "${unit.table.schema}"."${unit.table.name}" TO the role` })]
}

/** A warning here: whether the cell will be a target, only a move knows. */
function firing(tables: readonly Table[], place: Place & { readonly schema: string; readonly table: string }): readonly Finding[] {
  const triggers = tables.flatMap((table) => table.triggers.filter((trigger) => (trigger.enabled === 'A' || trigger.enabled === 'R') && !trigger.name.startsWith('org_mover_')).map((trigger) => trigger.name))
  const names = [...new Set([...triggers, ...(tables[0]?.rules ?? [])])]
  if (names.length === 0) return []
  return [finding('OM2117', 'warning', place, { message: `${names.join(', ')} would act on rows loaded under the replica role: no organization can be moved to this cell`, hint: 'ALTER TABLE … ENABLE TRIGGER for the move (not ALWAYS or REPLICA), or drop them' })]
}
