import { bug } from '../domain/errors.js'
import type { MovedTable } from '../domain/documents.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'
import { countOf } from './move-row.js'

/** The chunks of a move: their bounds, what happened to each, and the fingerprints of both sides. */

/** A key as text, one element a key column. */
export type KeyBound = readonly (string | null)[]

export interface NewChunk {
  readonly tableNo: number
  readonly chunkNo: number
  /** Keys above this one; null: from the start. */
  readonly lower: KeyBound | null
  /** Up to and with this one; null: to the end. */
  readonly upper: KeyBound | null
  readonly rows: number | null
}

export interface JournalChunk extends NewChunk {
  readonly loaded: boolean
  readonly verified: boolean
  readonly purged: boolean
  /** As those who took them wrote them; null until then. */
  readonly sourceFingerprint: unknown
  readonly targetFingerprint: unknown
  readonly storedFingerprint: unknown
  readonly bytes: number
}

/** What happened to a chunk; what is left out stays as it is. `loaded: false` and `verified: false` take back, before a repair. */
export interface ChunkMark {
  readonly chunkNo: number
  readonly loaded?: boolean
  readonly verified?: boolean
  readonly purged?: boolean
  readonly rows?: number
  readonly bytes?: number
  readonly sourceFingerprint?: unknown
  readonly targetFingerprint?: unknown
  readonly storedFingerprint?: unknown
}

const CHUNKS_PER_STATEMENT = 5_000

/**
 * Enters chunks, many in a statement. A chunk that is there keeps its bounds: the cell's ledger knows it by number, and
 * "loaded" must go on meaning the same rows. Throws OM3005.
 */
export async function putChunks(session: Session, holder: Holder, chunks: readonly NewChunk[]): Promise<void> {
  const rows = chunks.map((chunk) => ({ table_no: chunk.tableNo, chunk_no: chunk.chunkNo, lower: chunk.lower, upper: chunk.upper, rows: chunk.rows }))
  for (let start = 0; start < rows.length; start += CHUNKS_PER_STATEMENT) await writeHeld(session, holder, 'put-chunks', [JSON.stringify(rows.slice(start, start + CHUNKS_PER_STATEMENT))])
}

export interface MarkedTable {
  readonly tableNo: number
  readonly state?: MovedTable['state'] | null
}

/**
 * Records what happened to chunks of one table, in one statement; the table's counts of rows follow, and its state where one is given. Idempotent: told
 * twice, a chunk counts once, though its bytes travelled twice. Tells whether somebody asked the driver to rest. Throws OM3005.
 */
export async function markChunks(session: Session, holder: Holder, { tableNo, state = null }: MarkedTable, marks: readonly ChunkMark[]): Promise<{ readonly pauseRequested: boolean }> {
  if (marks.length === 0) return { pauseRequested: false }
  const rows = marks.map((mark) => ({
    chunk_no: mark.chunkNo,
    loaded: mark.loaded,
    verified: mark.verified,
    purged: mark.purged,
    rows: mark.rows,
    bytes: mark.bytes,
    source_fingerprint: mark.sourceFingerprint,
    target_fingerprint: mark.targetFingerprint,
    stored_fingerprint: mark.storedFingerprint,
  }))
  const { chunks, pause_requested: pauseRequested } = await writeHeld<{ held: number; chunks: number; pause_requested: boolean | null }>(session, holder, 'mark-chunks', [tableNo, state, marks.reduce((sum, { bytes = 0 }) => sum + bytes, 0), JSON.stringify(rows)])
  if (chunks !== marks.length) throw bug(`${marks.length} chunks of table ${tableNo} were marked, ${chunks} are in the journal`)
  return { pauseRequested: pauseRequested === true }
}

interface ChunkRecord {
  table_no: number
  chunk_no: number
  lower: KeyBound | null
  upper: KeyBound | null
  rows: string | null
  loaded: boolean
  verified: boolean
  purged: boolean
  source_fingerprint: unknown
  target_fingerprint: unknown
  stored_fingerprint: unknown
  bytes: string
}

/** By table and chunk number; of one table where `tableNo` is given. */
export async function listChunks(session: Session, moveId: string, tableNo: number | null = null): Promise<JournalChunk[]> {
  const records = await session.rows<ChunkRecord & Record<string, unknown>>(sql('journal/list-chunks'), [moveId, tableNo])
  return records.map((record) => ({
    tableNo: record.table_no,
    chunkNo: record.chunk_no,
    lower: record.lower,
    upper: record.upper,
    rows: record.rows === null ? null : countOf(record.rows),
    loaded: record.loaded,
    verified: record.verified,
    purged: record.purged,
    sourceFingerprint: record.source_fingerprint,
    targetFingerprint: record.target_fingerprint,
    storedFingerprint: record.stored_fingerprint,
    bytes: countOf(record.bytes),
  }))
}
