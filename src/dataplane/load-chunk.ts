import { bug, MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { chunkRows } from './chunks.js'
import type { Chunk } from './chunks.js'
import { copyRows } from './copy-rows.js'
import { holdGuard } from './guard.js'
import type { Holder } from './guard.js'
import { addToLedger, isLoaded, readKeys } from './ledger.js'
import type { ChunkKeys } from './ledger.js'
import type { Scope } from './owned-rows.js'
import type { Pace } from './pace.js'
import { loadedColumns } from './projection.js'
import type { MapRelation } from './projection.js'
import type { SecretPass } from './secret-pass.js'

export interface LoadRequest {
  readonly source: Session
  readonly target: Session
  readonly table: OwnedTable
  readonly chunk: Chunk
  readonly scope: Scope
  readonly map: MapRelation
  readonly secrets: SecretPass | null
  readonly holder: Holder
  readonly signal: AbortSignal
  readonly onBytes: (bytes: number) => void
  readonly pace: Pace
}

/**
 * Loads one chunk: one target transaction that holds the guard, copies the rows and writes the ledger. A chunk that the
 * ledger has is left alone, so any repetition is harmless; any failure leaves neither rows nor ledger row. Yields the rows
 * loaded now, 0 where the chunk was there. Both sessions are unusable after a failure of the COPY.
 */
export async function loadChunk(request: LoadRequest): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { target, chunk, holder } = request
  const keys = await readChunkKeys(request)
  return target.transaction('READ COMMITTED', async () => {
    await holdGuard(target, holder)
    if (await isLoaded(target, holder, chunk)) return { rows: 0, bytes: 0 }
    return fillChunk(request, keys)
  })
}

/** The keys that the chunk's rows will have on the target; null for a table without identity. */
export async function readChunkKeys({ source, table, chunk, scope, map }: LoadRequest): Promise<ChunkKeys | null> {
  return table.identity === null ? null : readKeys(source, table, chunkRows(table, scope, chunk), map)
}

/** Copies the rows and writes the ledger, within the target transaction that holds the guard; the ledger must not have the chunk. */
export async function fillChunk(request: LoadRequest, keys: ChunkKeys | null): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { source, target, table, chunk, scope, map, holder, signal, onBytes } = request
  const rows = chunkRows(table, scope, chunk)
  const columns = loadedColumns(table)
  const { pace, secrets } = request
  const copied = await copyRows({ source, target, table, columns, rows, map, secrets, into: qualified(table.id), binary: table.binary, signal, onBytes, pace })
  if (keys !== null && keys.rows !== copied.rows) {
    throw new MoverError({
      code: 'OM4003',
      message: `${table.id.schema}.${table.id.name}: the source had ${keys.rows} rows in this chunk and then sent ${copied.rows}: something writes past the fence; the chunk was rolled back`,
      hint: 'find the writer (superuser sessions with triggers off, subscriptions), then abort the move',
      retry: 'after-fix',
    })
  }
  if (columns.length === 0) throw bug(`${table.id.name} has no column to load`)
  await addToLedger(target, holder, chunk, copied.rows, keys?.arrays ?? [])
  return copied
}
