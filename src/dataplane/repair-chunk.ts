import { bug } from '../domain/errors.js'
import { holdGuard } from './guard.js'
import { deleteByLedger, forgetChunk } from './ledger.js'
import { fillChunk, readChunkKeys } from './load-chunk.js'
import type { LoadRequest } from './load-chunk.js'

/**
 * Loads a chunk again that the ledger has: in one target transaction that holds the guard, exactly the rows that the ledger names
 * are deleted, whatever became of them, and the source's rows loaded in their place. Rows that no ledger names are left alone. Any
 * failure leaves rows and ledger as they were. Not for tables without identity, whose rows the ledger does not name. Both
 * sessions are unusable after a failure of the COPY.
 */
export async function repairChunk(request: LoadRequest): Promise<{ readonly deleted: number; readonly rows: number; readonly bytes: number }> {
  const { target, table, chunk, holder } = request
  if (table.identity === null) throw bug(`${table.id.name} has no key by which a chunk could be repaired`)
  const keys = await readChunkKeys(request)
  return target.transaction('READ COMMITTED', async () => {
    await holdGuard(target, holder)
    const deleted = await deleteByLedger(target, table, holder.moveId, chunk)
    await forgetChunk(target, holder.moveId, chunk)
    return { deleted, ...(await fillChunk(request, keys)) }
  })
}
