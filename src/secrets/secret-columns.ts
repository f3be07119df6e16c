import { bug, MoverError } from '../domain/errors.js'
import type { PlanColumn, TableShape } from '../domain/move-plan.js'
import type { SecretRule } from '../domain/dictionary.js'
import type { Side } from '../domain/vocabulary.js'
import { declaredSql } from '../dataplane/owned-rows.js'
import { parseJsonPath } from './json-path.js'
import type { ReadColumn, SecretColumn } from './secret-column.js'
import type { Cipher, SecretCipher } from './secret-value.js'
import type { SecretTools } from './secret-tools.js'

/** The secret columns of a table with their ciphers, the columns that are read for them, and the conditions that are asked with each row. */
export interface TableSecrets {
  readonly columns: readonly SecretColumn[]
  readonly read: readonly ReadColumn[]
  readonly conditions: readonly string[]
}

/** `only`: one side's ciphers are asked for, and the other's key need not be there. */
export function secretColumns(table: TableShape, tools: SecretTools, org: string, only: Side | 'neither' | null = null): TableSecrets {
  const read: ReadColumn[] = []
  const conditions: string[] = []
  const readColumn = (name: string): ReadColumn => {
    const known = read.find((one) => one.name === name)
    if (known !== undefined) return known
    const column = table.columns.find((one) => one.name === name)
    if (column === undefined) throw missing(table, name)
    const added = { name, place: read.length, isBytes: isBytes(column) }
    read.push(added)
    return added
  }
  const placeOf = (when: string | null): number | null => {
    if (when === null) return null
    const condition = declaredSql(table, when, org)
    return conditions.includes(condition) ? conditions.indexOf(condition) : conditions.push(condition) - 1
  }
  const columns = table.columns.filter((column) => column.secrets.length > 0).map((column): SecretColumn => {
    const ciphers = column.secrets.map((rule) => ({ path: rule.path, cipher: cipherOf(rule, writtenBy(rule, column.secrets), { tools, only }, placeOf(rule.when)) }))
    const siblings = ciphers.flatMap(({ cipher }) => [cipher.source, cipher.target].flatMap(({ codec, options }) => codec.siblings?.(column.name, options) ?? []))
    const paths = [...new Set(ciphers.map(({ path }) => path))]
    return {
      ...readColumn(column.name),
      siblings: [...new Set(siblings)].map(readColumn),
      groups: paths.map((path) => ({ path: path === null ? null : stepsOf(path), rules: ciphers.filter((one) => one.path === path).map(({ cipher }) => cipher) })),
    }
  })
  return { columns, read, conditions }
}

function isBytes({ castType }: PlanColumn): boolean {
  return castType.schema === 'pg_catalog' && castType.name === 'bytea'
}

function stepsOf(path: string): Exclude<ReturnType<typeof parseJsonPath>, string> {
  const steps = parseJsonPath(path)
  if (typeof steps === 'string') throw bug(`a path that was not checked: ${steps}`)
  return steps
}

interface Ciphers {
  readonly tools: SecretTools
  readonly only: Side | 'neither' | null
}

function cipherOf(rule: SecretRule, written: Written, tools: Ciphers, when: number | null): SecretCipher {
  return { source: cipher(rule, 'source', tools), target: cipher(written, 'target', tools), when, clear: rule.clear, unreadable: rule.unreadable }
}

export type Written = Pick<SecretRule, 'codec' | 'key' | 'options'>

/**
 * How the target holds the value: as the rule reads it, or by its `to`. A value in the clear without `to` is written by the first of the column's
 * other rules, or with the key that it names as aes-256-gcm.
 */
export function writtenBy({ codec, key, options }: Written, rules: readonly Written[]): Written {
  const { to } = options
  if (typeof to === 'object' && to !== null) {
    const { codec: name, key: other, ...rest } = to as Readonly<Record<string, unknown>>
    return { codec: typeof name === 'string' ? name : 'aes-256-gcm', key: typeof other === 'string' ? other : key, options: rest }
  }
  if (codec !== 'plaintext') return { codec, key, options }
  const other = rules.find((rule) => rule.codec !== 'plaintext')
  return key === '' && other !== undefined ? writtenBy(other, rules) : { codec: 'aes-256-gcm', key, options }
}

function cipher({ codec: name, key: keyName, options }: Pick<SecretRule, 'codec' | 'key' | 'options'>, side: Side, { tools: { codecs, keyrings }, only }: Ciphers): Cipher {
  const codec = codecs.get(name)
  if (codec === undefined) throw new MoverError({ code: 'OM1001', message: `there is no codec ${name}`, hint: 'correct the name, or name its module under secrets.codecs', retry: 'after-fix' })
  const key = keyrings[side]?.get(keyName) ?? (name === 'plaintext' || (only !== null && only !== side) ? NO_KEY : undefined)
  if (key === undefined) throw new MoverError({ code: 'OM2114', message: `the keyring of the ${side} has no key ${keyName}; the move stands as it was`, hint: 'name a keyring for both cells, with this key', retry: 'after-fix' })
  const { to: _, ...own } = options
  return { codec, key, options: own }
}

const NO_KEY = { current: '', versions: new Map<string, string>() }

function missing(table: TableShape, name: string): MoverError {
  return new MoverError({ code: 'OM2102', message: `${table.id.schema}.${table.id.name} has no column ${name}, which belongs to a secret of it`, hint: 'correct the options of the rule', retry: 'after-fix' })
}
