import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { leaveNoGap } from '../dataplane/chunks.js'
import type { ChunkRecord, MoveContext } from './context.js'

/** The journal's chunks, held to leave out no table and no key: what no chunk names is never looked at, and would pass for equal. Throws OM4002. */
export async function coveringChunks(ctx: MoveContext): Promise<readonly ChunkRecord[]> {
  const chunks = await ctx.journal.chunks()
  const rows = ctx.journal.manifest().rows ?? {}
  const byTable = new Map<number, ChunkRecord[]>()
  for (const chunk of chunks) {
    const own = byTable.get(chunk.tableNo)
    if (own === undefined) byTable.set(chunk.tableNo, [chunk])
    else own.push(chunk)
  }
  for (const table of ctx.journal.plan().owned) {
    const own = byTable.get(table.no) ?? []
    const counted = rows[String(table.no)]
    if (counted === undefined || (counted > 0 && own.length === 0) || !leaveNoGap(own)) throw notCovered(tableKey(table.id))
  }
  return chunks
}

function notCovered(table: string): MoverError {
  return new MoverError({
    code: 'OM4002',
    message: `the chunks of ${table} in the journal do not cover it: rows of it would never be looked at. Nothing was changed on either cell`,
    hint: 'find out who changed the journal; before the cutover `org-mover abort` takes the move back by the ledger of the target',
    retry: 'after-fix',
  })
}
