import { bug, MoverError } from '../domain/errors.js'
import { unitKey } from '../domain/ownership.js'
import type { Unit } from '../domain/ownership.js'
import { finding } from '../domain/finding.js'
import type { MovePlan, OwnedTable, SharedTable, TableShape } from '../domain/move-plan.js'
import { declaredSql, tableItself } from '../dataplane/owned-rows.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { declaredIn } from './lint-declarations.js'
import { nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

type Exam = Pick<Examination, 'plan' | 'session' | 'report'>

/**
 * Every declared `where` and `when`, read by the server as a session of the application would read it, and replaced in the plan by what it understood:
 * names and operators qualified, the organization filled in. The mover's own sessions look for operators in pg_catalog alone, where a citext compares as
 * text. Reads no rows. Null where one is not understood, with a finding for each.
 */
export async function resolveDeclaredSql(exam: Exam, units: readonly Unit[]): Promise<MovePlan | null> {
  let allValid = true
  const resolved = async (table: TableShape, condition: string, what: string): Promise<string> => {
    try {
      return await resolve(exam.session('source', table.id.database), table, declaredSql(table, condition, exam.plan.org), what)
    } catch (error) {
      if (!(error instanceof MoverError) || error.retry === 'safe' || error.code === 'OM9001') throw error
      allValid = false
      exam.report(finding('OM2111', 'error', placeOf(exam, 'source', table), { message: `${placeOfEntry(units, table)}${what} of ${nameOf(table)}: ${error.message.replace(/^where of [^:]*: /, '')}`, hint: 'it is one boolean expression over alias t; other names are schema-qualified; :org is its only parameter' }))
      return condition
    }
  }
  const secretsOf = async <T extends TableShape>(table: T): Promise<T> => {
    if (!table.columns.some(({ secrets }) => secrets.some(({ when }) => when !== null))) return table
    const columns = []
    for (const column of table.columns) {
      const secrets = []
      for (const rule of column.secrets) secrets.push(rule.when === null ? rule : { ...rule, when: await resolved(table, rule.when, `when of column ${column.name}`) })
      columns.push({ ...column, secrets })
    }
    return { ...table, columns }
  }
  const owned: OwnedTable[] = []
  for (const table of exam.plan.owned) owned.push(await secretsOf(table.ownership.kind === 'query' ? { ...table, ownership: { kind: 'query', where: await resolved(table, table.ownership.where, 'where') } } : table))
  const shared: SharedTable[] = []
  for (const table of exam.plan.shared) shared.push(await secretsOf(table.where === null ? table : { ...table, where: await resolved(table, table.where, 'where') }))
  const lookups = []
  for (const table of exam.plan.lookups) lookups.push(await secretsOf(table))
  return allValid ? { ...exam.plan, owned, shared, lookups } : null
}

const DECLARED = 'pg_temp.org_mover_declared'
const BARE = 'pg_temp.org_mover_bare'

/** What the two views have in common is cut off: what is left is the condition, as PostgreSQL prints it. */
async function resolve(session: Session, table: TableShape, condition: string, what: string): Promise<string> {
  return session.transaction('READ COMMITTED', async () => {
    await session.execute('SET LOCAL search_path TO DEFAULT')
    // beside another relation, columns are printed with the alias of their own: the condition is also read within joins
    const from = what === 'where' ? `${tableItself(table)}, (VALUES (1)) AS org_mover_beside(one)` : tableItself(table)
    await session.execute(sql('prepare/declared-view', { name: DECLARED, table: from, condition: `(${condition}\n)` }))
    await session.execute(sql('prepare/declared-view', { name: BARE, table: from, condition: 'true' }))
    await session.execute('SET LOCAL search_path TO pg_catalog')
    const { declared, bare } = await session.one<{ declared: string; bare: string }>(sql('prepare/deparsed'), [DECLARED, BARE])
    await session.execute(`DROP VIEW ${DECLARED}, ${BARE}`)
    const before = bare.slice(0, -'true;'.length)
    if (!bare.endsWith('true;') || !declared.startsWith(before) || !declared.endsWith(';')) throw bug('a view is printed in a form that was not expected')
    return declared.slice(before.length, -1)
  })
}

function placeOfEntry(units: readonly Unit[], table: TableShape): string {
  const unit = units.find(({ id }) => unitKey(id) === unitKey(table.id))
  return unit === undefined ? '' : declaredIn(unit)
}
