import { expect, test } from 'vitest'
import { newMoveId } from '../../src/move/move-id.js'

test('move ids are UUIDv7: distinct, and in the order of their milliseconds', () => {
  const ids = [1, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1].map((ms) => newMoveId(ms))
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect([...ids].sort()).toEqual(ids)
  expect(ids[1]).toMatch(/^018bcfe5-6800-7/)
  expect(newMoveId(5)).not.toBe(newMoveId(5))
})
