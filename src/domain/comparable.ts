import { tableKey } from './catalog.js'
import type { Column } from './catalog.js'
import { spellingOf } from './spelling.js'

const FAMILIES: readonly (readonly string[])[] = [['int2', 'int4', 'int8', 'numeric'], ['text', 'varchar', 'bpchar', 'name']]

/** Types for which any text is, or may be, a value: an organization's id would be read as something else without an error. */
const NO_KEYS: readonly string[] = ['bool', 'json', 'jsonb', 'xml']

/** Whether a reference without a foreign key can be followed: PostgreSQL has an `=` for the two columns' values as they stand, and means the same by it. */
export function areComparable(column: Column, key: Column): boolean {
  if (column.isArray !== key.isArray || column.equalitySchema === null || key.equalitySchema === null) return false
  if (tableKey(column.baseType) === tableKey(key.baseType)) return true
  return !column.isArray && FAMILIES.some((family) => [column, key].every(({ baseType }) => baseType.schema === 'pg_catalog' && family.includes(baseType.name)))
}

/**
 * Whether the column's own value can be an organization's id, `root` being the key of their table (null where there is none). Text beside a
 * number or uuid can, and the other way round: prepare looks for other spellings of the organization there.
 */
export function canHoldOrganization(column: Column, root: Column | null): boolean {
  if (column.isArray || column.equalitySchema === null || NO_KEYS.includes(column.baseType.name)) return false
  if (root === null || areComparable(column, root)) return true
  const [own, other] = [spellingOf(column), spellingOf(root)]
  return own !== null && other !== null && (isText(own) || isText(other))
}

function isText(spelling: ReturnType<typeof spellingOf>): boolean {
  return spelling === 'text' || spelling === 'caseless'
}
