import { expect, test } from 'vitest'
import { rowsPerChunk } from '../../src/domain/chunk-size.js'

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
