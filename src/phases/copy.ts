import { tableKey } from '../domain/catalog.js'
import { rowsPerChunk } from '../domain/chunk-size.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { countOwned, cutChunks } from '../dataplane/chunks.js'
import type { Chunk } from '../dataplane/chunks.js'
import { readLedger } from '../dataplane/ledger.js'
import { loadChunk } from '../dataplane/load-chunk.js'
import { cellDatabase } from './context.js'
import type { ChunkRecord, MoveContext } from './context.js'
import { insertMissingLookups, loadShared } from './copy-exempt.js'
import { inParallel } from './parallel.js'
import { frozenPlan } from './scopes.js'
import { settleReplicas } from './settle-replicas.js'
import { settleTarget } from './settle-target.js'
import { shipSealed } from './staged-secrets.js'
import { assertServersUnchanged } from './world.js'

/**
 * Loads everything: lookup rows that the target lacks, then the owned tables chunk by chunk, biggest first, then shared rows.
 * The ledger on the target says what is there, whatever the journal says, so any repetition goes on where the last one stopped.
 */
export async function copy(ctx: MoveContext): Promise<void> {
  await assertServersUnchanged(ctx, 'before the copy')
  await ctx.participants.run('final_sync')
  await ctx.secrets.open(ctx.journal.plan())
  await settleReplicas(ctx)
  await planChunks(ctx)
  await insertMissingLookups(ctx)
  // maps and sets may have changed
  await settleReplicas(ctx)
  await loadChunks(ctx)
  await shipSealed(ctx)
  await loadShared(ctx)
  await settleTarget(ctx)
}

/** Counts and cuts the frozen rows, once: a chunk's bounds never change after they are in the journal. */
async function planChunks(ctx: MoveContext): Promise<void> {
  if (ctx.journal.manifest().rows !== undefined) return
  const { plan, scope } = frozenPlan(ctx)
  const rows: Record<string, number> = {}
  const cut: (Chunk & { readonly rows: number | null })[] = []
  ctx.progress({ kind: 'step', text: 'cutting tables into chunks' })
  for (const database of ctx.cells.source.keys()) {
    const tables = plan.owned.filter((table) => table.id.database === database)
    const cell = cellDatabase(ctx, 'source', database)
    // by the primary: what a replica may lack must show
    const counts = await cell.read.use((session) => countOwned(session, tables, scope))
    for (const table of tables) {
      const count = counts.get(table.no) ?? 0
      rows[String(table.no)] = count
      if (count === 0) continue
      const chunks = await cell.rowsOf(table).use((session) => cutChunks(session, table, scope, { rows: count, chunkRows: rowsPerChunk(table, ctx.options), jobs: ctx.options.jobs }))
      cut.push(...chunks.map((chunk) => ({ ...chunk, rows: chunks.length === 1 ? count : null })))
    }
  }
  await ctx.journal.putChunks(cut)
  await ctx.journal.addToManifest({ rows })
}

async function loadChunks(ctx: MoveContext): Promise<void> {
  const { plan } = frozenPlan(ctx)
  const loaded = new Map<string, number>()
  for (const db of ctx.cells.target.values()) {
    await db.read.use(async (session) => {
      for (const row of await readLedger(session, ctx.holder.moveId)) loaded.set(`${row.tableNo}/${row.chunkNo}`, row.rows)
    })
  }
  const rows = ctx.journal.manifest().rows ?? {}
  const tables = new Map(plan.owned.map((table) => [table.no, table]))
  const all = await ctx.journal.chunks()
  const open = all.filter((chunk) => !loaded.has(`${chunk.tableNo}/${chunk.chunkNo}`))
  // the journal may have missed what the ledger has, if the last driver died in between
  for (const chunk of all) {
    const there = loaded.get(`${chunk.tableNo}/${chunk.chunkNo}`)
    if (there !== undefined && !chunk.loaded) await ctx.journal.markChunk({ tableNo: chunk.tableNo, chunkNo: chunk.chunkNo, loaded: true, rows: there })
  }
  const size = (no: number): number => rows[String(no)] ?? 0
  open.sort((a, b) => size(b.tableNo) - size(a.tableNo) || a.tableNo - b.tableNo || a.chunkNo - b.chunkNo)
  const left = new Map<number, number>()
  for (const chunk of open) left.set(chunk.tableNo, (left.get(chunk.tableNo) ?? 0) + 1)
  ctx.progress({ kind: 'total', rows: [...left.keys()].reduce((sum, no) => sum + size(no), 0), tables: left.size })
  await ctx.journal.setTables(plan.owned.filter(({ no }) => !left.has(no)).map(({ no }) => no), 'done')
  await inParallel(open, { jobs: ctx.options.jobs, signal: ctx.signal, pace: ctx.pace }, async (chunk) => {
    ctx.journal.assertGoesOn()
    const table = tables.get(chunk.tableNo)
    if (table === undefined) throw new RangeError(`no table ${chunk.tableNo} in the plan`)
    if (chunk.chunkNo === 1) await announce(ctx, table, size(table.no))
    const { rows: loadedNow, bytes } = await loadOne(ctx, table, chunk)
    const rest = (left.get(table.no) ?? 1) - 1
    left.set(table.no, rest)
    await ctx.journal.markChunk({ tableNo: table.no, chunkNo: chunk.chunkNo, table: rest === 0 ? 'done' : 'running', loaded: true, rows: loadedNow, bytes })
    if (rest > 0) return
    ctx.progress({ kind: 'table', table: tableKey(table.id), state: 'done', rows: size(table.no) })
  })
}

/** Below this a table is loaded before anybody could read that it is under way, and the journal is spared a write. */
const ROWS_TO_WATCH = 5_000

async function announce(ctx: MoveContext, table: OwnedTable, rows: number): Promise<void> {
  if (rows >= ROWS_TO_WATCH) await ctx.journal.setTables([table.no], 'running')
  ctx.progress({ kind: 'table', table: tableKey(table.id), state: 'started', rows })
}

async function loadOne(ctx: MoveContext, table: OwnedTable, chunk: ChunkRecord): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { scope, map } = frozenPlan(ctx)
  const name = tableKey(table.id)
  const { database } = table.id
  const result = await cellDatabase(ctx, 'source', database).rowsOf(table).use((source) =>
    cellDatabase(ctx, 'target', database).load.use((target) =>
      loadChunk({ source, target, table, chunk, scope, map, secrets: ctx.secrets.pass(table), holder: ctx.holder, signal: ctx.signal, pace: ctx.pace, onBytes: (bytes) => ctx.progress({ kind: 'moved', table: name, rows: 0, bytes }) }),
    ),
  )
  ctx.progress({ kind: 'moved', table: name, rows: result.rows, bytes: 0 })
  return result
}
