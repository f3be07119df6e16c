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
  expect(rowsPerChunk(rowBytes === undefined ? {} : { rowBytes }, 100_000)).toBe(rows)
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
