/** A chunk is a transaction, and what a crash, a pause or a replica must wait for: of rows as they are stored it has hardly more than this, some seconds of a COPY. */
const CHUNK_BYTES = 64 * 1024 * 1024

/** How many rows of a table go into a chunk: as configured, and fewer where rows are wide. */
export function rowsPerChunk({ rowBytes }: { readonly rowBytes?: number }, configured: number): number {
  if (rowBytes === undefined || rowBytes <= 0) return configured
  return Math.max(1, Math.min(configured, Math.floor(CHUNK_BYTES / rowBytes)))
}
