import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { guarded } from '../dataplane/guard.js'
import { identityColumns } from '../dataplane/owned-rows.js'
import { markOpened, pendingSealed, rowsByKey, sealedRelation, writeColumns } from '../dataplane/sealed-table.js'
import type { SealedRow } from '../dataplane/sealed-table.js'
import { secretRows } from '../dataplane/secret-digests.js'
import type { ReadRow } from '../dataplane/secret-digests.js'
import type { Session } from '../postgres/session.js'
import { CodecError } from '../secrets/codec.js'
import { digestStored, openColumn } from '../secrets/sealed-secrets.js'
import type { SecretColumn } from '../secrets/secret-column.js'
import type { TableSecrets } from '../secrets/secret-columns.js'
import { openSecret } from '../secrets/secret-value.js'
import { openFrom } from '../secrets/transport-key.js'
import type { TransportKeys } from '../secrets/transport-key.js'
import { bindingOf, blindTables } from './staged-secrets.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'
import { frozenPlan } from './scopes.js'

const ROWS_A_BATCH = 500

/**
 * Where only the keys of the target are: opens what was sealed on the source and writes it into the loaded rows, batch by batch, each in one transaction
 * with the note that it was done; what was written is read back and must hold the plaintexts that were sealed. Run again, it goes on where it stopped.
 * Throws OM2129 where the copy went without, OM2127 where a parcel was made for another row or changed on the way.
 */
export async function openSecrets(ctx: MoveContext, privateKeyFile: string): Promise<void> {
  const { sealed } = ctx.journal.manifest()
  if (sealed === undefined) throw new MoverError({ code: 'OM2129', message: `nothing of this move has been sealed: its secrets were written for ${ctx.target} on the way, under secrets.mode inline`, hint: 'set secrets.mode back to inline, then run `org-mover resume`; or take the move back with `org-mover abort`', retry: 'after-fix' })
  const keys = await openFrom(privateKeyFile, sealed.encapsulated, ctx.holder.moveId)
  for (const database of ctx.cells.target.keys()) {
    for (const table of blindTables(ctx, database)) {
      ctx.progress({ kind: 'step', text: `opening the secrets of ${tableKey(table.id)}` })
      const secrets = await ctx.secrets.columnsOf(table, 'target')
      for (let opened = ROWS_A_BATCH; opened === ROWS_A_BATCH; ) opened = await openBatch(ctx, table, secrets, keys)
    }
  }
  await ctx.journal.addToManifest({ opened: true, awaits: null, secrets: [...(ctx.journal.manifest().secrets ?? []).filter(({ side }) => side === 'source'), ...ctx.secrets.tally.counts()] })
}

async function openBatch(ctx: MoveContext, table: OwnedTable, secrets: TableSecrets, keys: TransportKeys): Promise<number> {
  const relation = sealedRelation(ctx.holder.moveId)
  const hidden = secrets.read.map(({ name }) => name)
  return cellDatabase(ctx, 'target', table.id.database).load.use((session) =>
    guarded(session, ctx.holder, async () => {
      const batch = await pendingSealed(session, relation, table.no, ROWS_A_BATCH)
      if (batch.length === 0) return 0
      const holds = new Map<string, readonly boolean[]>()
      const written = (await readRows(ctx, session, table, hidden, batch)).map(({ row, sealed }) => openRow(ctx, table, secrets, keys, { row, sealed, holds }))
      const values = await Promise.all(written)
      if ((await writeColumns(session, table, hidden, values)) !== batch.length) throw notThere(ctx, table)
      const entries = []
      for (const { row, sealed } of await readRows(ctx, session, table, hidden, batch)) {
        const stored = { values: row.stored.values, holds: holds.get(JSON.stringify(sealed.key)) ?? [], place: placeOf(table, sealed.key) }
        for (const column of secrets.columns) {
          const digest = await digestStored(column, stored, keys, bindingOf(ctx, table, column.name, sealed.key), async ({ value, rules, place }) => {
            const opened = await openSecret(value, rules, 'target', place)
            ctx.secrets.tally.saw(table, column, 'target', opened)
            return opened
          })
          if (!digest.equals(sealed.digests[sealed.columns.indexOf(column.name)] ?? Buffer.alloc(0))) throw refused(table, column, sealed, 'what was written does not read as what was sealed')
          entries.push({ key: sealed.key, column: column.name, digest })
        }
      }
      await markOpened(session, relation, table, hidden, entries)
      return batch.length
    }),
  )
}

/** The rows of a batch, each with what was sealed of it. */
async function readRows(ctx: MoveContext, session: Session, table: OwnedTable, columns: readonly string[], batch: readonly SealedRow[]): Promise<readonly { readonly row: ReadRow; readonly sealed: SealedRow }[]> {
  const byKey = new Map(batch.map((sealed) => [JSON.stringify(sealed.key), sealed]))
  const rows = []
  for await (const piece of secretRows(table, { columns, hidden: [], conditions: [] }, frozenPlan(ctx).map, { session, side: 'target', rows: rowsByKey(table, batch.map(({ key }) => key)) })) for (const row of piece) {
    const sealed = byKey.get(JSON.stringify(row.key))
    if (sealed !== undefined) rows.push({ row, sealed })
  }
  if (rows.length !== batch.length) throw notThere(ctx, table)
  return rows
}

interface OpenRequest {
  readonly row: ReadRow
  readonly sealed: SealedRow
  /** Filled with the conditions of each row as they were sealed. */
  readonly holds: Map<string, readonly boolean[]>
}

async function openRow(ctx: MoveContext, table: OwnedTable, secrets: TableSecrets, keys: TransportKeys, { row, sealed, holds }: OpenRequest): Promise<Parameters<typeof writeColumns>[3][number]> {
  const values = [...row.stored.values]
  for (const column of secrets.columns) {
    const parcel = sealed.sealed[sealed.columns.indexOf(column.name)]
    if (parcel === undefined) throw refused(table, column, sealed, 'nothing was sealed of it')
    try {
      const opened = await openColumn(column, { values: row.stored.values, place: placeOf(table, sealed.key) }, parcel, keys, bindingOf(ctx, table, column.name, sealed.key))
      for (const [place, value] of opened.written) values[place] = value
      holds.set(JSON.stringify(sealed.key), opened.holds)
    } catch (error) {
      throw refused(table, column, sealed, error instanceof CodecError ? error.message : 'its codec failed')
    }
  }
  return { key: sealed.key, values }
}

function placeOf(table: OwnedTable, key: readonly string[]): { readonly schema: string; readonly table: string; readonly primaryKey: Readonly<Record<string, string>> } {
  return { schema: table.id.schema, table: table.id.name, primaryKey: Object.fromEntries(identityColumns(table).map((column, n) => [column.name, key[n] ?? ''])) }
}

function refused(table: OwnedTable, column: Pick<SecretColumn, 'name'>, { key }: SealedRow, why: string): MoverError {
  return new MoverError({ code: 'OM2127', message: `secret column ${column.name} of ${tableKey(table.id)} (${key.join('/')}): ${why}; the batch was rolled back, the source is fenced`, hint: 'find out who changed it; run `org-mover secrets seal` again, or `org-mover abort`', retry: 'after-fix' })
}

function notThere(ctx: MoveContext, table: OwnedTable): MoverError {
  return new MoverError({ code: 'OM4003', message: `rows of ${tableKey(table.id)} that were sealed are not on ${ctx.target}; the batch was rolled back, the source is fenced`, hint: 'run `org-mover resume` to load them, or `org-mover abort`', retry: 'after-fix' })
}
