import { expect, test } from 'vitest'
import { canonical, spellingOfText } from '../../src/domain/spelling.js'

test.each(['1', '01', ' 1', '+1', '1 ', '\t1\n', '0001', '0x1', '0X01', '0b1', '0o_1', '0_1', '  +0000001  '])('%j is one spelling of the number 1', (value) => {
  expect(canonical(value, 'integer')).toBe('1')
})

test.each(['', ' ', '-', '+', '1.0', '1e0', '- 1', '1 2', '0x', '1_', '_1', 'one', '１', '\u00A01', '--1', '0xg'])('%j is no integer', (value) => {
  expect(canonical(value, 'integer')).toBeNull()
})

test('integers beyond any type, of either sign, and texts that only waste time', () => {
  expect(canonical('-0', 'integer')).toBe('0')
  expect(canonical('-007', 'integer')).toBe('-7')
  expect(canonical('09223372036854775808', 'integer')).toBe('9223372036854775808')
  expect(canonical(`0x${'f'.repeat(1_000_000)}`, 'integer')).toBeNull()
  expect(canonical(`${'0'.repeat(1_000_000)}1`, 'integer')).toBe('1')
})

test('a uuid by every spelling that PostgreSQL takes, and none that it refuses but for blanks around it', () => {
  const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
  for (const value of [id, id.toUpperCase(), `{${id}}`, id.replaceAll('-', ''), 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', ` ${id}\n`]) expect(canonical(value, 'uuid'), value).toBe(id)
  for (const value of ['', `{${id}`, `${id}}`, id.slice(1), `${id}1`, `${id}-`, id.replace('a0eebc99', 'a0-eebc99'), id.replace('a', 'g'), `urn:uuid:${id}`]) expect(canonical(value, 'uuid'), value).toBeNull()
})

test('what an id that is text looks like', () => {
  expect(['1', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'acme', '1a', '12345678901234567890123456789012'].map(spellingOfText)).toEqual(['integer', 'uuid', 'text', 'text', 'integer'])
})
