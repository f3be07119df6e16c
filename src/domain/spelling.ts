import type { Column } from './catalog.js'

/** How values of a type are written: which texts are one value. */
export type Spelling = 'integer' | 'uuid' | 'text' | 'caseless'

const SPELLINGS: Readonly<Record<string, Spelling>> = { int2: 'integer', int4: 'integer', int8: 'integer', uuid: 'uuid', text: 'text', varchar: 'text', bpchar: 'text', name: 'text' }

/** Null for a type whose spellings are not known here. */
export function spellingOf({ baseType, isArray }: Pick<Column, 'baseType' | 'isArray'>): Spelling | null {
  if (isArray) return null
  if (baseType.name === 'citext') return 'caseless'
  return baseType.schema === 'pg_catalog' ? (SPELLINGS[baseType.name] ?? null) : null
}
