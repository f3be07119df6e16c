import { childrenOf, tableKey, tableNamed } from '../domain/catalog.js'
import type { Catalog, ForeignKey, Table, TableName } from '../domain/catalog.js'
import { comparedAs } from '../domain/collations.js'
import { MoverError } from '../domain/errors.js'
import { ownedNamed } from '../domain/move-plan.js'
import type { OwnedTable, Reference, TableShape } from '../domain/move-plan.js'
import { ancestorsOf } from '../domain/standing.js'
import { foreignKeysByTable } from '../domain/table-facts.js'
import { guarded } from '../dataplane/guard.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import { distinctReferences, referenceMatch } from '../dataplane/shared-rows.js'
import { columnOf, qualified } from '../postgres/quote.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

/**
 * Proves on the target what the replica role did not check: every foreign key of the loaded rows, its own that the source lacks included, leads to a row, parents that
 * were there before held meanwhile, and no deferrable unique key stands twice. Yields the failure, or null.
 */
export async function proveConstraints(ctx: MoveContext): Promise<MoverError | null> {
  const { plan } = frozenPlan(ctx)
  const rows = ctx.journal.manifest().rows ?? {}
  const problems: string[] = []
  for (const [database, cell] of ctx.cells.target) {
    const tables = plan.owned.filter((table) => table.id.database === database && (rows[String(table.no)] ?? 0) > 0)
    const catalog = await cell.read.use(readCatalog)
    const foreignKeys = foreignKeysByTable(catalog)
    ctx.progress({ kind: 'step', text: `foreign keys of the loaded rows on ${cell.label}` })
    for (const table of tables) {
      const known = table.references.filter(({ constraint }) => constraint !== null).map((reference) => ({ table, reference }))
      for (const one of [...known, ...referencesOfTarget(table, catalog, foreignKeys)]) problems.push(...(await proveReference(ctx, one)))
    }
    problems.push(...(await proveUnique(ctx, database, { tables, catalog })))
  }
  if (problems.length === 0) return null
  return new MoverError({
    code: 'OM4001',
    message: `constraints do not hold on ${ctx.target} for the loaded rows: ${problems.slice(0, 10).join('; ')}. The route is unchanged and the source still fenced`,
    hint: 'where the target lacks a row that it should have, put it back, and `org-mover resume` verifies again; where the organization\'s own rows are wrong, `org-mover abort` takes the move back: correct them, then start again',
    retry: 'after-fix',
  })
}

interface OfTable {
  readonly table: OwnedTable
  readonly reference: Reference
}

/** Foreign keys that the target alone has, of the table or of a partition of it: the plan was made from the source. */
function referencesOfTarget(table: OwnedTable, catalog: Catalog, foreignKeys: ReadonlyMap<string, readonly ForeignKey[]>): readonly OfTable[] {
  const { id } = table
  const found = tableNamed(catalog, id)
  if (found === undefined) return []
  const shape = (parent: TableName, columns: readonly string[], referenced: readonly string[]): string => JSON.stringify([tableKey(parent), columns.map((name, n) => [name, referenced[n]]).sort()])
  const known = new Set(table.references.flatMap((one) => (one.constraint === null ? [] : [shape(one.parent, one.columns, one.parentColumns)])))
  const newOf = (name: TableName, of: OwnedTable): readonly OfTable[] =>
    (foreignKeys.get(tableKey(name)) ?? []).flatMap((key) => {
      if (known.has(shape(key.references, key.columns, key.referencedColumns))) return []
      const parent = { database: id.database, schema: key.references.schema, name: key.references.name }
      const collations = key.columns.map((column, n) => comparedAs(catalog, [of.id, column], [parent, key.referencedColumns[n] ?? '']))
      return [{ table: of, reference: { constraint: key.name, columns: key.columns, parent, parentColumns: key.referencedColumns, collations, parents: [] } }]
    })
  const parts = (above: TableName): readonly Table[] => childrenOf(catalog, above).flatMap((part) => (part.isPartition ? [part, ...parts(part)] : []))
  return [
    ...[id, ...ancestorsOf(catalog, found)].flatMap((name) => newOf(name, table)),
    ...parts(id).flatMap((part) => newOf(part, { ...table, id: { database: id.database, schema: part.schema, name: part.name }, partitioned: part.kind === 'partitioned' })),
  ]
}

async function proveReference(ctx: MoveContext, { table, reference }: OfTable): Promise<readonly string[]> {
  const { scope } = frozenPlan(ctx)
  const source = ownedRows(table, scope)
  const matches = referenceMatch(table, reference, 'p')
  const set = reference.columns.map((name) => `${columnOf('t', name)} IS NOT NULL`).join(' AND ')
  const check = async (session: Session): Promise<readonly string[]> => {
    const rows = await session.rows<{ key: (string | null)[]; total: string }>(sql('verify/dangling', { key: keyOf(table), ...source, set, parent: qualified(reference.parent), matches }))
    return rows.length === 0 ? [] : [`${rows[0]?.total ?? ''} row(s) of ${tableKey(table.id)} (${rows.map((row) => row.key.join('/')).join(', ')}) refer by ${reference.columns.join(', ')} to no row of ${tableKey(reference.parent)}`]
  }
  const cell = cellDatabase(ctx, 'target', table.id.database)
  const { plan } = frozenPlan(ctx)
  // whose rows a key of the target alone leads to nobody has looked at
  if (reference.parents.length > 0 && reference.parents.every(({ id }) => ownedNamed(plan, id)?.unowned === 'error')) return cell.read.use(check)
  // parents that were there before can be deleted by a neighbour whose transaction is still open: hold them, then look
  return cell.load.use((session) =>
    guarded(session, ctx.holder, async () => {
      await session.rows(sql('verify/lock-parents', { parent: qualified(reference.parent), ...distinctReferences(table, reference, source) }))
      return check(session)
    }),
  )
}

async function proveUnique(ctx: MoveContext, database: string, { tables, catalog }: { readonly tables: readonly OwnedTable[]; readonly catalog: Catalog }): Promise<readonly string[]> {
  const { scope } = frozenPlan(ctx)
  const problems: string[] = []
  await cellDatabase(ctx, 'target', database).read.use(async (session) => {
    for (const table of tables) {
      const deferrable = tableNamed(catalog, table.id)?.indexes.filter((index) => index.isUnique && !index.isImmediate) ?? []
      for (const index of deferrable) {
        const keys = index.columns.filter((name) => name !== null).map((name) => columnOf('t', name)).join(', ')
        const { total } = await session.one<{ total: string }>(sql('verify/duplicates', { keys, table: qualified(table.id), ...ownedRows(table, scope) }))
        if (total !== '0') problems.push(`${total} key(s) of deferrable constraint ${index.name} of ${tableKey(table.id)} stand twice`)
      }
    }
  })
  return problems
}

function keyOf(table: TableShape): string {
  const key = table.identity === null ? table.columns.slice(0, 3) : identityColumns(table)
  return `ARRAY[${key.map((column) => `${columnOf('t', column.name)}::text`).join(', ')}]`
}
