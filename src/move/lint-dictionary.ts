import { classificationFindings } from '../checks/classification-findings.js'
import { declaredIn, declaredSqlOf, lintColumns, lintCoverage, lintLookups } from '../checks/lint-declarations.js'
import { lintKeys, placeOf } from '../checks/lint-keys.js'
import { tableKey } from '../domain/catalog.js'
import type { CheckDocument } from '../domain/documents.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import type { Unit } from '../domain/ownership.js'
import { withOrg } from '../dataplane/org-parameter.js'
import { tableItself } from '../dataplane/owned-rows.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import type { Session } from '../postgres/session.js'
import { CheckReport } from './check-report.js'
import { classifyCell } from './discover.js'
import type { DiscoverInput } from './discover.js'

/** Holds dictionary and configuration against the catalogs of a live cell: one line a rule, a finding for each breach. Reads no rows. */
export async function lintDictionary(input: DiscoverInput): Promise<CheckDocument> {
  const { settings, cell } = input
  const { catalogs, ...classification } = await classifyCell(input)
  const { units } = classification
  const lint = { cell, catalogs, tenancy: settings.tenancy, units }
  const report = new CheckReport()
  const add = (name: string, passed: string, findings: readonly Finding[]): void => report.add({ cell, database: null }, name, passed, findings)
  const found = classificationFindings(cell, catalogs, settings.tenancy, classification)
  const only = (code: Finding['code']): readonly Finding[] => found.filter((one) => one.code === code)
  add('dictionary files', settings.tenancy.hasDictionary ? 'every file can be read' : 'no dictionary is configured', only('OM1003'))
  add('rules', 'every rule names tables and columns that exist', only('OM2102'))
  add('unclassified tables', `each of ${units.length} tables is classified`, only('OM2101'))
  add('other schemas', 'no table outside of tenancy.schemas shows a sign of organizations', only('OM2122'))
  add('entries without table', 'every entry describes a table', only('OM2125'))
  add('tables without entry', settings.tenancy.hasDictionary ? 'every table has an entry' : 'no dictionary is configured', lintCoverage(lint))
  const keys = lintKeys(lint)
  add('foreign keys', 'every key column has its foreign key', keys.references)
  add('indexes', 'every key column is indexed', keys.indexes)
  add('nullable keys', 'every row must have an owner', keys.nulls)
  add('lookup tables', 'every natural key is one', lintLookups(lint))
  add('columns', 'every column rule fits its column', lintColumns(lint))
  add('declared SQL', 'the server accepts every where and when', await lintSql(input, units))
  return report.document()
}

/** The server's own opinion on every `where` and `when`. NULL stands for the organization: any literal would have to be of its type. */
async function lintSql({ cell, open }: DiscoverInput, units: readonly Unit[]): Promise<readonly Finding[]> {
  await using stack = new AsyncDisposableStack()
  const sessions = new Map<string, Session>()
  const findings: Finding[] = []
  for (const unit of units) {
    for (const { what, sql } of declaredSqlOf(unit)) {
      const { database } = unit.id
      const session = sessions.get(database) ?? stack.use(await open(cell, database))
      sessions.set(database, session)
      const problem = await problemOf(session, unit, sql)
      if (problem !== null) findings.push(finding('OM2111', 'error', placeOf(cell, unit), { message: `${declaredIn(unit)}${what} of ${tableKey(unit.id)}: ${problem}`, hint: 'it is one boolean expression over alias t; other names are schema-qualified; :org is its only parameter' }))
    }
  }
  return findings
}

async function problemOf(session: Session, unit: Unit, sql: string): Promise<string | null> {
  const declared = withOrg(sql, 'NULL')
  if (!declared.ok) return declared.problem
  try {
    await session.rows(`SELECT 1 FROM ${tableItself({ id: unit.id, partitioned: unit.table.kind === 'partitioned' })} WHERE (${declared.sql}\n) LIMIT 0`)
    return null
  } catch (error) {
    if (error instanceof MoverError && error.retry !== 'safe') return error.message
    throw error
  }
}
