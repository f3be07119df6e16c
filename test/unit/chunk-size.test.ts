import { expect, test } from 'vitest'
import { piecesPerChunk, rowsPerChunk } from '../../src/domain/chunk-size.js'

test.each([
  [undefined, 100_000],
  [0, 100_000],
  [100, 100_000],
  [671, 100_000],
  [6_710, 10_001],
  [5_000_000, 13],
  [900_000_000, 1],
])('rows of %s bytes: %d in a chunk', (rowBytes, rows) => {
  expect(rowsPerChunk(rowBytes === undefined ? {} : { rowBytes }, { chunkRows: 100_000, jobs: 4, maxBytesPerSecond: null })).toBe(rows)
})

test.each([
  { rowBytes: 200, jobs: 4, maxBytesPerSecond: 2_000_000, rows: 12_500 },
  { rowBytes: 200, jobs: 1, maxBytesPerSecond: 2_000_000, rows: 50_000 },
  { rowBytes: 200, jobs: 1, maxBytesPerSecond: 50_000_000, rows: 100_000 },
  { rowBytes: 200, jobs: 4, maxBytesPerSecond: 1, rows: 10_000 },
  { rowBytes: 5_000_000, jobs: 4, maxBytesPerSecond: 1, rows: 13 },
])('rows of $rowBytes bytes at $maxBytesPerSecond bytes/s for $jobs job(s): $rows in a chunk', ({ rowBytes, rows, ...limits }) => {
  expect(rowsPerChunk({ rowBytes }, { chunkRows: 100_000, ...limits })).toBe(rows)
})

test.each([
  { rows: 400_000, chunkRows: 100_000, jobs: 4, pieces: 3 },
  { rows: 400_000, chunkRows: 100_000, jobs: 1, pieces: 1 },
  { rows: 90_000, chunkRows: 100_000, jobs: 4, pieces: 10 },
  { rows: 9_000, chunkRows: 100_000, jobs: 4, pieces: 1 },
  { rows: 5_000_000, chunkRows: 100_000, jobs: 4, pieces: 1 },
  { rows: 400_000, chunkRows: 7, jobs: 4, pieces: 1 },
])('$rows rows by $chunkRows for $jobs jobs: $pieces piece(s) a chunk', ({ pieces, ...sizes }) => {
  expect(piecesPerChunk(sizes)).toBe(pieces)
})
