import { childrenOf, tableKey, tableNamed } from '../domain/catalog.js'
import type { Catalog, Table } from '../domain/catalog.js'
import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace } from '../domain/finding.js'
import { allTables, ownedNumbered } from '../domain/move-plan.js'
import type { MovePlan, TableShape } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import { unfencedTables } from '../dataplane/subscribed-tables.js'
import { ident } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

const OLDEST = 150000

interface RoleRow {
  readonly may_create_schema: boolean
  readonly may_use_temp: boolean
  readonly may_set_replica: boolean
  readonly subscriptions: number
}

/** Whether server and role allow a move at all, before any table is looked at. Also `doctor`'s list. */
export async function checkServer(session: Session, catalog: Catalog, place: FindingPlace): Promise<readonly Finding[]> {
  const found: Finding[] = []
  const missing = (message: string, hint: string): void => void found.push(finding('OM2010', 'error', place, { message, hint }))
  const { server } = catalog
  if (server.versionNum < OLDEST) found.push(finding('OM2012', 'error', place, { message: `PostgreSQL ${Math.floor(server.versionNum / 10_000)} is older than 15`, hint: 'upgrade the server: a role cannot be given the replica role before 15' }))
  if (server.inRecovery) found.push(finding('OM2012', 'error', place, { message: 'the server is a standby', hint: 'connect to the primary' }))
  const role = await session.one<RoleRow & Record<string, unknown>>(sql('prepare/role'))
  if (!role.may_create_schema) missing('the role may not create the schema org_mover', 'GRANT CREATE ON DATABASE … TO the role')
  if (!role.may_use_temp) missing('the role may not create temporary tables', 'GRANT TEMPORARY ON DATABASE … TO the role')
  if (!role.may_set_replica) missing('the role may not set session_replication_role', 'GRANT SET ON PARAMETER session_replication_role TO the role')
  for (const { name } of await session.rows<{ name: string }>(sql('prepare/closed-schemas'), [[...new Set(catalog.tables.map((table) => table.schema))]])) missing(`the role lacks USAGE on schema ${name}`, `GRANT USAGE ON SCHEMA "${name}" TO the role`)
  if (role.subscriptions > 0) found.push(finding('OM2121', 'warning', place, { message: `${role.subscriptions} logical replication worker(s) write to this database past ordinary triggers`, hint: 'disable the subscription for the window if it writes to tables of the move' }))
  return [...found, ...(await checkEventTriggers(session, place))]
}

/** A warning: what they do at the mover's DDL is seen only in the window. */
async function checkEventTriggers(session: Session, place: FindingPlace): Promise<readonly Finding[]> {
  const triggers = await session.rows<{ name: string; function: string; tags: string | null }>(sql('prepare/event-triggers'))
  return triggers.map(({ name, function: calls, tags }) =>
    finding('OM2136', 'warning', place, {
      message: `event trigger ${name} calls ${calls} at ${tags ?? 'every DDL statement'}, and so at those of the mover, temporary tables of a plan among them: if it raises, the freeze stops there; if it begins to while the move is under way, fences and what else the mover made stay until it lets them go`,
      hint: `have ${calls} let pass what is in the schema org_mover and triggers named org_mover_…, or ALTER EVENT TRIGGER ${ident(name)} DISABLE for the move, the retention and the purge`,
    }),
  )
}

/** Encoding and version must let text pass from source to target unchanged. */
export function comparedServers(source: Catalog, target: Catalog, place: FindingPlace): readonly Finding[] {
  const found: Finding[] = []
  if (source.server.encoding !== target.server.encoding) found.push(finding('OM2012', 'error', place, { message: `the source's encoding is ${source.server.encoding}, the target's ${target.server.encoding}`, hint: 'move between databases of one encoding' }))
  else if (source.server.encoding === 'SQL_ASCII') found.push(finding('OM2012', 'error', place, { message: 'the encoding of both databases is SQL_ASCII: what their bytes mean is not known, and bytes that are not UTF-8 would be refused in the middle of the copy', hint: 'move between databases whose encoding is known, UTF8 for example' }))
  if (source.server.versionNum >= (Math.floor(target.server.versionNum / 10_000) + 1) * 10_000) {
    found.push(finding('OM2012', 'warning', place, { message: `the source (PostgreSQL ${Math.floor(source.server.versionNum / 10_000)}) is newer than the target (${Math.floor(target.server.versionNum / 10_000)})`, hint: 'values print alike on both; types that only the newer one has would fail to load, loudly' }))
  }
  if (source.server.systemIdentifier === target.server.systemIdentifier && source.server.database === target.server.database) {
    found.push(finding('OM2001', 'error', place, { message: 'source and target are the same database', hint: 'correct the URLs of the two cells' }))
  }
  return found
}

/** Tables of the move to which a subscription writes: the fence would not hold there. */
export async function checkSubscriptions(session: Session, plan: MovePlan, place: FindingPlace): Promise<readonly Finding[]> {
  const tables = plan.owned.filter((table) => table.id.database === place.database).map((table) => table.id)
  const unfenced = new Map((await unfencedTables(session, tables)).map((one) => [tableKey(one.root), one]))
  return [...unfenced.values()].map(({ root, subscription }) =>
    finding('OM2121', 'error', { ...place, schema: root.schema, table: root.name }, {
      message: `subscription ${subscription} writes to the table, past the fence`,
      hint: `ALTER SUBSCRIPTION "${subscription}" DISABLE until the move has cut over`,
    }),
  )
}

/** Privileges, row security, triggers that fire in the replica role, rules and large objects of each moving table on one side. */
export function checkTables(plan: MovePlan, catalogs: ReadonlyMap<string, Catalog>, side: Side): readonly Finding[] {
  const found: Finding[] = []
  for (const shape of allTables(plan)) {
    const catalog = catalogs.get(shape.id.database)
    const table = tableNamed(catalog, shape.id)
    if (catalog === undefined || table === undefined) continue
    const place: FindingPlace = { cell: side === 'source' ? plan.source : plan.target, database: shape.id.database, schema: shape.id.schema, table: shape.id.name }
    found.push(...privileges({ plan, catalog }, shape, table, side, place), ...(side === 'target' ? firing(catalog, table, place) : []), ...(side === 'source' ? contents(plan, shape, table, place) : []))
    if (table.rowSecurity.enabled && !table.bypassesRowSecurity) found.push(finding('OM2120', 'error', place, { message: 'row-level security applies to the role of the mover and would hide rows', hint: 'ALTER ROLE … BYPASSRLS' }))
  }
  return found
}

function privileges({ plan, catalog }: { readonly plan: MovePlan; readonly catalog: Catalog }, shape: TableShape, table: Table, side: Side, place: FindingPlace): readonly Finding[] {
  const isOwned = ownedNumbered(plan, shape.no) !== undefined
  // the purge locks rows before it deletes them, the proof of foreign keys those that are referred to: a row lock needs UPDATE
  const needed = side === 'source' ? (isOwned ? (['select', 'update', 'delete', 'trigger'] as const) : (['select'] as const)) : isOwned ? (['select', 'insert', 'update', 'delete', 'trigger'] as const) : (['select', 'insert', 'update'] as const)
  const missing = needed.filter((right) => !table.privileges[right])
  const found = missing.length === 0 ? [] : [finding('OM2010', 'error', place, { message: `the role lacks ${missing.join(', ').toUpperCase()} on the table`, hint: `GRANT ${missing.join(', ').toUpperCase()} ON "${table.schema}"."${table.name}" TO the role` })]
  return isOwned ? [...found, ...unownedTables(catalog, table, place)] : found
}

/** Whoever may create a trigger may not therefore drop it: the fence would be lifted after the move, but its triggers would stay. */
export function unownedTables(catalog: Catalog, table: Table, place: FindingPlace): readonly Finding[] {
  const foreign = [table, ...childrenOf(catalog, table).filter((child) => child.isPartition)].filter((one) => !one.isOwner)
  if (foreign.length === 0) return []
  const names = foreign.map(tableKey)
  return [finding('OM2010', 'error', place, { message: `the role is not a member of the owner of ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} partition(s) more` : ''}: it could not drop the triggers of the fence after the move`, hint: 'GRANT the owner of the table TO the role' })]
}

function firing(catalog: Catalog, table: Table, place: FindingPlace): readonly Finding[] {
  const below = [table, ...childrenOf(catalog, table)]
  const firing = below.flatMap((t) => t.triggers.filter((trigger) => (trigger.enabled === 'A' || trigger.enabled === 'R') && !trigger.name.startsWith('org_mover_')).map((trigger) => trigger.name))
  const rules = table.rules
  return [
    ...(firing.length === 0 ? [] : [finding('OM2117', 'error', place, { message: `trigger(s) ${[...new Set(firing)].join(', ')} on the target fire even in the replica role and would act on loaded rows`, hint: 'ALTER TABLE … ENABLE TRIGGER for the move (not ALWAYS or REPLICA), or drop them' })]),
    ...(rules.length === 0 ? [] : [finding('OM2117', 'error', place, { message: `rule(s) ${rules.join(', ')} on the target rewrite statements`, hint: 'drop the rules for the move' })]),
  ]
}

function contents(plan: MovePlan, shape: TableShape, table: Table, place: FindingPlace): readonly Finding[] {
  const isOwned = ownedNumbered(plan, shape.no) !== undefined
  const replaced = new Set(shape.columns.filter(({ rule }) => rule?.kind === 'set').map(({ name }) => name))
  const objects = table.columns.filter((column) => column.holdsOid && !replaced.has(column.name))
  return [
    ...(shape.identity === null && isOwned ? [finding('OM2116', 'warning', place, { message: 'the table has neither a primary key nor a unique index over NOT NULL columns', hint: 'it is moved in one transaction and compared as a multiset; a primary key would allow chunks' })] : []),
    ...(shape.identity === null && !isOwned ? [finding('OM2116', 'error', place, { message: 'an exempt table that is matched row by row needs a key', hint: 'add a primary key, or declare the table skip' })] : []),
    ...(objects.length === 0 ? [] : [finding('OM2119', 'error', place, { message: `column(s) ${objects.map((c) => c.name).join(', ')} of type oid or lo, or with an oid within them, may refer to large objects, which do not move`, hint: `store the objects in the table, declare the table skip, or let the target's rows do without: columns: {${objects.map((c) => `${c.name}: {set: null}`).join(', ')}}` })]),
  ]
}
