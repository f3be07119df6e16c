import type { Column } from './catalog.js'

/** How values of a type are written: which texts are one value. */
export type Spelling = 'integer' | 'uuid' | 'text' | 'caseless'

const SPELLINGS: Readonly<Record<string, Spelling>> = { int2: 'integer', int4: 'integer', int8: 'integer', uuid: 'uuid', text: 'text', varchar: 'text', bpchar: 'text', name: 'text' }

/** What decimal, hexadecimal, octal and binary integers PostgreSQL's input function takes from 16 on; 15 takes the plain ones. */
const INTEGER = /^([+-]?)(0x_?[0-9a-f]+(?:_[0-9a-f]+)*|0o_?[0-7]+(?:_[0-7]+)*|0b_?[01]+(?:_[01]+)*|\d+(?:_\d+)*)$/i
const UUID = /^(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}$/i
const MOST_DIGITS = 80
/** What isspace() calls so in every locale. */
const BLANKS = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g

/** Null for a type whose spellings are not known here. */
export function spellingOf({ baseType, isArray }: Pick<Column, 'baseType' | 'isArray'>): Spelling | null {
  if (isArray) return null
  if (baseType.name === 'citext') return 'caseless'
  return baseType.schema === 'pg_catalog' ? (SPELLINGS[baseType.name] ?? null) : null
}

/** What an id that is kept as text looks like. */
export function spellingOfText(value: string): Spelling {
  if (canonical(value, 'integer') !== null) return 'integer'
  return canonical(value, 'uuid') === null ? 'text' : 'uuid'
}

/**
 * The one spelling that PostgreSQL prints of what its input function reads from the text; null where it reads nothing. Blanks
 * around a uuid, which it refuses, are passed over: nobody means another organization by them. Pure, never fails.
 */
export function canonical(value: string, spelling: Spelling): string | null {
  if (spelling === 'text') return value
  if (spelling === 'caseless') return value.toLowerCase()
  const bare = value.replaceAll(BLANKS, '')
  return spelling === 'integer' ? canonicalInteger(bare) : canonicalUuid(bare)
}

function canonicalInteger(bare: string): string | null {
  const [, sign, digits] = INTEGER.exec(bare) ?? []
  if (digits === undefined) return null
  const plain = digits.replaceAll('_', '')
  // no key has so many digits, and a text of a megabyte must not be reckoned with
  if (/^0[xob]/i.test(plain) && plain.length > MOST_DIGITS) return null
  const number = /^0[xob]/i.test(plain) ? String(BigInt(plain)) : plain.replace(/^0+(?=\d)/, '')
  return sign === '-' && number !== '0' ? `-${number}` : number
}

function canonicalUuid(bare: string): string | null {
  const inner = bare.startsWith('{') && bare.endsWith('}') ? bare.slice(1, -1) : bare
  if (!UUID.test(inner)) return null
  return inner.replaceAll('-', '').toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
