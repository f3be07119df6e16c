import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { guarded } from '../dataplane/guard.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import { addSealed, createSealedTable, sealedRelation } from '../dataplane/sealed-table.js'
import type { SealedEntry } from '../dataplane/sealed-table.js'
import { secretRows } from '../dataplane/secret-digests.js'
import type { ReadRow } from '../dataplane/secret-digests.js'
import { CodecError } from '../secrets/codec.js'
import { sealColumn } from '../secrets/sealed-secrets.js'
import type { TableSecrets } from '../secrets/secret-columns.js'
import { sealTo } from '../secrets/transport-key.js'
import type { TransportKeys } from '../secrets/transport-key.js'
import { bindingOf, blindTables } from './staged-secrets.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

const ROWS_A_BATCH = 500
const MOST_NAMED = 20

/**
 * Where only the keys of the source are: opens every secret of the frozen rows and seals it, under a transport key of this move that only the target's
 * private key yields, into a side table beside them. Run again, it seals all anew. Throws OM2127 naming the rows whose secrets cannot be opened.
 */
export async function sealSecrets(ctx: MoveContext): Promise<void> {
  const { encapsulated, keys } = await sealTo(ctx.secrets.transportKey ?? '', ctx.holder.moveId)
  const relation = sealedRelation(ctx.holder.moveId)
  const failures: string[] = []
  ctx.secrets.tally.clear()
  for (const [database, cell] of ctx.cells.source) {
    const tables = blindTables(ctx, database)
    if (tables.length === 0) continue
    await cell.admin.use(async (session) => {
      await createSealedTable(session, relation)
      await guarded(session, ctx.holder, () => session.execute(`DELETE FROM ${relation}`))
    })
    for (const table of tables) failures.push(...(await sealTable(ctx, table, keys)))
  }
  if (failures.length > 0) throw unreadable(failures)
  await ctx.journal.addToManifest({ sealed: { encapsulated }, opened: false, awaits: null, secrets: ctx.secrets.tally.counts() })
}

async function sealTable(ctx: MoveContext, table: OwnedTable, keys: TransportKeys): Promise<readonly string[]> {
  const { scope, map } = frozenPlan(ctx)
  const relation = sealedRelation(ctx.holder.moveId)
  const cell = cellDatabase(ctx, 'source', table.id.database)
  const secrets = await ctx.secrets.columnsOf(table, 'source')
  const pass = { columns: secrets.read.map(({ name }) => name), hidden: [], conditions: secrets.conditions }
  const failures: string[] = []
  let batch: SealedEntry[] = []
  const flush = async (): Promise<void> => {
    const entries = batch
    batch = []
    if (entries.length > 0) await cell.admin.use((session) => guarded(session, ctx.holder, () => addSealed(session, relation, table.no, entries)))
  }
  ctx.progress({ kind: 'step', text: `sealing the secrets of ${tableKey(table.id)}` })
  await cell.read.use(async (session) => {
    for await (const rows of secretRows(table, pass, map, { session, side: 'source', rows: ownedRows(table, scope) })) for (const { key, stored } of rows) {
      const sealed = await sealRow(ctx, table, secrets, keys, { key, stored })
      batch.push(...sealed.entries)
      failures.push(...sealed.failures)
      if (batch.length >= ROWS_A_BATCH) await flush()
    }
  })
  await flush()
  return failures
}

async function sealRow(ctx: MoveContext, table: OwnedTable, secrets: TableSecrets, keys: TransportKeys, row: ReadRow): Promise<{ readonly entries: readonly SealedEntry[]; readonly failures: readonly string[] }> {
  const entries: SealedEntry[] = []
  const failures: string[] = []
  const place = { schema: table.id.schema, table: table.id.name, primaryKey: Object.fromEntries(identityColumns(table).map((column, n) => [column.name, row.stored.key[n] ?? ''])) }
  for (const column of secrets.columns) {
    try {
      const sealed = await sealColumn(column, { ...row.stored, place }, keys, bindingOf(ctx, table, column.name, row.key), (side, opened) => ctx.secrets.tally.saw(table, column, side, opened))
      entries.push({ key: row.key, column: column.name, ...sealed })
    } catch (error) {
      failures.push(`${tableKey(table.id)} ${row.key.join('/')} ${column.name}: ${error instanceof CodecError ? error.message : 'its codec failed'}`)
    }
  }
  return { entries, failures }
}

function unreadable(failures: readonly string[]): MoverError {
  return new MoverError({
    code: 'OM2127',
    message: `${failures.length} secret(s) cannot be opened with the keys of the source: ${failures.slice(0, MOST_NAMED).join('; ')}${failures.length > MOST_NAMED ? '; …' : ''}. Nothing was sealed; the source is fenced`,
    hint: 'correct the values or the rules, then run `org-mover secrets seal` again; `org-mover abort` takes the move back',
    retry: 'after-fix',
  })
}
