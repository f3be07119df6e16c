/** A chunk is a transaction, and what a crash, a pause or a replica must wait for: of rows as they are stored it has hardly more than this, some seconds of a COPY. */
const CHUNK_BYTES = 64 * 1024 * 1024

/** Where bytes per second are limited, a chunk takes hardly longer than this. */
const CHUNK_SECONDS = 5
/** Chunks of 5,000 rows cost a tenth more CPU than those of 20,000 (bench/README.md). */
const LEAST_ROWS = 10_000

/** As configured; the limit is shared by the jobs. */
export interface ChunkLimits {
  readonly chunkRows: number
  readonly jobs: number
  readonly maxBytesPerSecond: number | null
}

/** How many rows of a table go into a chunk: as configured, fewer where rows are wide, and fewer where so many would hold a transaction for long under the limit of bytes. */
export function rowsPerChunk({ rowBytes }: { readonly rowBytes?: number }, { chunkRows, jobs, maxBytesPerSecond }: ChunkLimits): number {
  if (rowBytes === undefined || rowBytes <= 0) return chunkRows
  const inTime = maxBytesPerSecond === null ? chunkRows : Math.max(LEAST_ROWS, Math.floor(((maxBytesPerSecond / jobs) * CHUNK_SECONDS) / rowBytes))
  return Math.max(1, Math.min(chunkRows, inTime, Math.floor(CHUNK_BYTES / rowBytes)))
}

/** So that no job is left alone with the last chunk of the biggest table for long. */
const PIECES_PER_JOB = 3

/** Into how many pieces a full chunk is divided where the whole table has too few for all jobs; 1: it stays whole. */
export function piecesPerChunk({ rows, chunkRows, jobs }: { readonly rows: number; readonly chunkRows: number; readonly jobs: number }): number {
  if (jobs === 1 || rows <= LEAST_ROWS) return 1
  const chunks = rows / chunkRows
  return Math.max(1, Math.min(Math.floor(chunkRows / LEAST_ROWS), Math.ceil((jobs * PIECES_PER_JOB) / chunks)))
}
