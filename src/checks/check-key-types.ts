import { comparedUnder } from '../domain/collations.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import { keySetOf, ownedNamed } from '../domain/move-plan.js'
import type { OwnedTable } from '../domain/move-plan.js'
import type { Alternative } from '../domain/ownership.js'
import { compared, typedLiteral, underCollation } from '../dataplane/compare.js'
import { planColumn, tableItself } from '../dataplane/owned-rows.js'
import { sqlStateOf } from '../postgres/errors.js'
import { columnOf } from '../postgres/quote.js'
import { nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** Wrong values, broken constraints (of a domain), operators that do not exist or not for these types and collations. */
const IS_REFUSED = /^(?:22|23|42883$|42804$|42725$|42P2[12]$)/

/**
 * Whether the server can compare every key column with the id of the organization, or with what it refers to: what it refuses would end the
 * move with an error of the database. Asked once for each pair of types; reads no rows. Yields whether all can be.
 */
export async function checkKeyTypes(exam: Pick<Examination, 'plan' | 'session' | 'report'>): Promise<boolean> {
  const known = new Map<string, string | null>()
  let areAll = true
  for (const table of exam.plan.owned) {
    for (const alternative of table.class !== 'root' && table.ownership.kind === 'keys' ? table.ownership.alternatives : []) {
      const trial = trialOf(exam, table, alternative)
      if (trial === null) continue
      const problem = known.has(trial.kind) ? (known.get(trial.kind) ?? null) : await problemOf(exam, table, trial.sql)
      known.set(trial.kind, problem)
      if (problem === null) continue
      areAll = false
      exam.report(finding('OM2102', 'error', placeOf(exam, 'source', table), { message: `${trial.text} of ${nameOf(table)} cannot tell whose its rows are: ${problem}`, hint: 'correct the sharding key or the type of the column, or declare `exempt: query` with a where' }))
    }
  }
  return areAll
}

interface Trial {
  /** Alike for all keys that can be compared alike. */
  readonly kind: string
  readonly sql: string
  readonly text: string
}

function trialOf(exam: Pick<Examination, 'plan'>, table: OwnedTable, alternative: Alternative): Trial | null {
  const { database } = table.id
  const none = (one: OwnedTable): string => `(SELECT * FROM ${tableItself(one)} LIMIT 0)`
  if (alternative.kind === 'direct') {
    const column = planColumn(table, alternative.column)
    const id = typedLiteral(exam.plan.org, column)
    return { kind: JSON.stringify([database, column.type, column.equality]), text: `${column.name} (${column.type})`, sql: `SELECT ${id} AS id, EXISTS (SELECT 1 FROM ${none(table)} AS t WHERE ${compared(columnOf('t', column.name), '=', id, column.equality)}) AS found` }
  }
  const set = keySetOf(exam.plan, alternative.parent, alternative.parentColumns)
  const parent = set?.tables.map((id) => ownedNamed(exam.plan, id)).find((one) => one !== undefined)
  // the keys of another database come as they are there; what they are compared with was looked at when they were classified
  if (parent === undefined || parent.id.database !== database) return null
  const pairs = alternative.columns.map((name, n) => ({ column: planColumn(table, name), key: planColumn(parent, alternative.parentColumns[n] ?? '') }))
  if (pairs.every(({ column, key }) => column.type === key.type)) return null
  const equal = pairs.map(({ column, key }) => compared(columnOf('t', column.name), '=', underCollation(columnOf('k', key.name), comparedUnder(column, key, column)), column.equality))
  return {
    kind: JSON.stringify([database, pairs.map(({ column, key }) => [column.type, column.collation, column.equality, key.type, key.collation])]),
    text: `${pairs.map(({ column, key }) => `${column.name} (${column.type}), which refers to ${alternative.parent.schema}.${alternative.parent.name}.${key.name} (${key.type}),`).join(' ')}`,
    sql: `SELECT EXISTS (SELECT 1 FROM ${none(table)} AS t, ${none(parent)} AS k WHERE ${equal.join(' AND ')}) AS found`,
  }
}

async function problemOf(exam: Pick<Examination, 'session'>, table: OwnedTable, text: string): Promise<string | null> {
  try {
    await exam.session('source', table.id.database).rows(text)
    return null
  } catch (error) {
    if (!(error instanceof MoverError) || !IS_REFUSED.test(sqlStateOf(error) ?? '')) throw error
    return error.message
  }
}
