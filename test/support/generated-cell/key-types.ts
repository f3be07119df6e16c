import type { KeyType } from './model.js'
import { quoteName } from './model.js'
import type { Random } from './random.js'

export const KEY_TYPES = ['bigint', 'integer', 'uuid', 'text C', 'text', 'text phonebook', 'text caseless', 'citext', 'domain', 'numeric'] as const
export type KeyLabel = (typeof KEY_TYPES)[number]

/** `shared`: both cells take their numbers from one range, in turn; else each has a range of its own. */
export type NumberRanges = 'own' | 'shared'

/** Where the ids of a cell begin; numbers of rows that are on both cells lie below. */
const FIRST = { a: 10_000, b: 2_000_000, both: 1 } as const
const LAST = { a: 1_000_000, b: 3_000_000 } as const
export const RANGE_OF = { a: `MINVALUE ${FIRST.a} MAXVALUE ${LAST.a}`, b: `MINVALUE ${FIRST.b} MAXVALUE ${LAST.b}` } as const

/** All key types of one case: their counters are common, so that a value is never handed out twice. */
export function keyTypes(random: Random, ranges: NumberRanges): (label: KeyLabel) => KeyType {
  const counters: Record<'a' | 'b' | 'both', number> = { ...FIRST }
  let shared: number = FIRST.a
  const number = (cell: 'a' | 'b' | 'both'): number => {
    if (ranges === 'shared' && cell !== 'both') return (shared += 1 + random.below(3))
    counters[cell] += 1 + random.below(3)
    return counters[cell]
  }
  const hex = (digits: number): string => Array.from({ length: digits }, () => random.below(16).toString(16)).join('')
  const same = (value: string): string => value
  const swapCase = (value: string): string => (random.chance(0.5) ? value.toUpperCase() : value.toLowerCase())
  const word = (cell: 'a' | 'b' | 'both'): string => `${random.pick(['Key', 'ä\\', "o'", '鍵 "', '$1 :org'])}-${number(cell)}-${cell}`
  const caseless = (cell: 'a' | 'b' | 'both'): string => `${random.pick(['Key', 'WORD', 'x"y'])}-${number(cell)}-${cell}`
  const text = (label: KeyLabel, type: KeyType['type'], next: KeyType['next'], respell: KeyType['respell']): KeyType => ({ label, type, next, respell, isInteger: false })
  const numeric = (label: KeyLabel, type: KeyType['type'], isInteger: boolean): KeyType => ({ label, type, next: (cell) => String(number(cell)), respell: same, isInteger })
  const all: Readonly<Record<KeyLabel, KeyType>> = {
    bigint: numeric('bigint', () => 'bigint', true),
    integer: numeric('integer', () => 'integer', true),
    domain: numeric('domain', (schema) => `${quoteName(schema)}.id_number`, false),
    numeric: { ...numeric('numeric', () => 'numeric', false), respell: (value) => (random.chance(0.3) && !value.includes('.') ? `${value}.0` : value) },
    uuid: text('uuid', () => 'uuid', () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`, same),
    'text C': text('text C', () => 'text COLLATE "C"', word, same),
    text: text('text', () => 'text', word, same),
    'text phonebook': text('text phonebook', (schema) => `text COLLATE ${quoteName(schema)}.phonebook`, word, same),
    'text caseless': text('text caseless', (schema) => `text COLLATE ${quoteName(schema)}.caseless`, caseless, swapCase),
    citext: text('citext', () => 'public.citext', caseless, swapCase),
  }
  return (label) => all[label]
}

/** A text type of another collation that may refer to this one. */
export function otherCollation(type: KeyType, schema: string): string {
  // from 18 on a foreign key may not
  if (type.label === 'text caseless') return process.env['ORG_MOVER_TEST_PG_VERSION'] === '18' ? type.type(schema) : 'text COLLATE "C"'
  if (type.label === 'text C') return `text COLLATE ${quoteName(schema)}.phonebook`
  return type.label === 'text phonebook' ? 'text' : type.label === 'text' ? 'text COLLATE "C"' : type.type(schema)
}
