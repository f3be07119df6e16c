import type { Catalog, Index, Table } from '../domain/catalog.js'
import { tableKey, tableNamed } from '../domain/catalog.js'
import type { OwnedTable, PlanColumn, TableShape } from '../domain/move-plan.js'
import { countOwned } from '../dataplane/chunks.js'
import { underCollation } from '../dataplane/compare.js'
import { copyRows } from '../dataplane/copy-rows.js'
import { ownedInPlace, ownedRows, planColumn } from '../dataplane/owned-rows.js'
import { finding } from '../domain/finding.js'
import { ident, identList, qualified } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { checkSequences } from './check-sequences.js'
import { bounded, nameOf, placeOf, reportRows, sample } from './examination.js'
import type { Examination } from './examination.js'

const STAGE = 'pg_temp.org_mover_stage'
const ROWS_WORTH_STATISTICS = 1_000

/** What the live target says to the moving rows: rows of the organization there already, taken keys, missing partitions, sequences. */
export async function checkTarget(exam: Examination): Promise<void> {
  await checkStrays(exam)
  for (const table of exam.plan.owned) {
    if ((exam.counts.get(table.no) ?? 0) === 0) continue
    const there = tableOn(exam, table)
    if (there === null) continue
    await bounded(exam, placeOf(exam, 'target', table), 'conflicts with rows of the target', () => checkConflicts(exam, table, there))
    if (table.partitioned) await bounded(exam, placeOf(exam, 'target', table), 'partitions', () => checkPartitions(exam, table))
    await checkSequences(exam, table, { session: exam.session('source', table.id.database), alias: 't', ...ownedRows(table, exam.scope) })
  }
}

function tableOn(exam: Examination, table: OwnedTable): Table | null {
  return tableNamed(exam.catalogs.target.get(table.id.database), table.id) ?? null
}

async function checkStrays(exam: Examination): Promise<void> {
  for (const database of exam.plan.databases) {
    const tables = exam.plan.owned.filter((table) => table.id.database === database && tableOn(exam, table) !== null)
    const session = exam.session('target', database)
    const counts = await countOwned(session, tables, exam.scope)
    for (const table of tables) {
      if ((counts.get(table.no) ?? 0) === 0) continue
      const rows = await sample(session, table, ownedRows(table, exam.scope))
      reportRows(exam, 'OM2107', 'error', placeOf(exam, 'target', table), {
        message: `${exam.plan.target} already holds ${rows.total} row(s) of organization ${exam.plan.org} in ${nameOf(table)}`,
        hint: 'find out where they come from; purge the earlier move, or remove them by hand: org-mover never deletes them',
      }, rows)
    }
  }
}

/** Sends the columns that unique and exclusion indexes need to a temporary relation on the target and joins them there. */
async function checkConflicts(exam: Examination, table: OwnedTable, there: Table): Promise<void> {
  const indexes = there.indexes.filter((index) => (index.isUnique || index.isExclusion) && index.isValid)
  if (indexes.length === 0) return
  const target = exam.session('target', table.id.database)
  // an index over expressions may look at any column, and a generated one comes out of any
  const generated = new Set(there.columns.filter((column) => column.generated !== null).map((column) => column.name))
  const needed = indexes.some((index) => index.predicate !== null || index.columns.some((name) => name === null || generated.has(name))) ? null : new Set(indexes.flatMap((index) => index.columns))
  const columns = table.columns.filter((column) => !column.generated && (needed === null || needed.has(column.name)))
  await stage(exam, table, columns)
  for (const index of indexes) await checkIndex(exam, table, index, needed === null ? withGenerated(there, STAGE) : STAGE)
  await target.execute(`DROP TABLE ${STAGE}`)
}

/** The moving rows, projected, in a temporary relation with the target's own types. */
async function stage(exam: Examination, table: OwnedTable, columns: readonly PlanColumn[]): Promise<void> {
  const [source, target] = [exam.session('source', table.id.database), exam.session('target', table.id.database)]
  await target.execute(`DROP TABLE IF EXISTS ${STAGE}; ${sql('shared/stage', { stage: STAGE, columns: identList(columns.map((column) => column.name)), table: qualified(table.id) })}`)
  await copyRows({ source, target, table, columns, rows: ownedRows(table, exam.scope), map: exam.map, secrets: exam.shared.secrets(table), into: STAGE, binary: table.binary })
  // few rows are joined well by any plan
  if ((exam.counts.get(table.no) ?? 0) > ROWS_WORTH_STATISTICS) await target.execute(`ANALYZE ${STAGE}`)
}

/** A FROM item with what the target will make of staged rows: its generated columns come out of the others there, whatever the source has in them. */
export function withGenerated(there: Table, staged: string): string {
  const generated = there.columns.flatMap(({ name, generated: expression, type, collation }) => (expression === null ? [] : [`${underCollation(`(${expression})::${type}`, collation)} AS ${ident(name)}`]))
  return `(SELECT ${['s.*', ...generated].join(', ')} FROM ${staged} AS s) AS staged`
}

/** Moving rows of `stage` that the index of the target would reject. */
export async function checkIndex(exam: Examination, table: TableShape, index: Index, stage: string): Promise<void> {
  const expressions = index.expressions.map((expression, n) => `(${expression}) AS e${n + 1}`).join(', ')
  const matches = index.expressions.map((_, n) => {
    const operator = index.exclusionOperators?.[n]
    if (operator !== undefined) return `s.e${n + 1} ${operator} x.e${n + 1}`
    if (index.nullsNotDistinct) return `s.e${n + 1} IS NOT DISTINCT FROM x.e${n + 1}`
    const name = index.columns[n]
    const schema = name == null ? 'pg_catalog' : planColumn(table, name).equality
    return schema === 'pg_catalog' ? `s.e${n + 1} = x.e${n + 1}` : `s.e${n + 1} OPERATOR(${ident(schema)}.=) x.e${n + 1}`
  })
  const rows = await exam.session('target', table.id.database).rows<{ key: (string | null)[]; total: string }>(
    sql('prepare/conflicts', {
      key: `ARRAY[${index.expressions.map((_, n) => `s.e${n + 1}::text`).join(', ')}]`,
      stage,
      staged: expressions,
      existing: expressions,
      predicate: index.predicate ?? 'true',
      table: `${table.partitioned ? '' : 'ONLY '}${qualified(table.id)}`,
      matches: matches.join(' AND '),
    }),
  )
  reportRows(exam, 'OM2106', 'error', placeOf(exam, 'target', table), {
    message: `${rows[0]?.total ?? 0} moving row(s) of ${nameOf(table)} conflict with rows of ${exam.plan.target} in ${index.isExclusion ? 'exclusion constraint' : index.isPrimary ? 'primary key' : 'unique index'} ${index.name}`,
    hint: 'change or remove one of the two rows; cells must hand out different keys',
  }, { total: Number(rows[0]?.total ?? 0), examples: rows.map(({ key }) => Object.fromEntries(index.expressions.map((expression, n) => [index.columns[n] ?? expression, key[n] ?? null]))) })
}

async function checkPartitions(exam: Examination, table: OwnedTable): Promise<void> {
  const [from, to] = [exam.catalogs.source.get(table.id.database), exam.catalogs.target.get(table.id.database)]
  if (from === undefined || to === undefined) return
  const source = exam.session('source', table.id.database)
  const leaves = await source.rows<{ schema: string; name: string }>(sql('prepare/leaves-with-rows', { ...ownedInPlace(table, exam.scope) }))
  const bounds = new Set(to.tables.filter((t) => t.isPartition).map((t) => boundChain(to, t)))
  const missing = leaves.map((leaf) => from.tables.find((t) => tableKey(t) === tableKey(leaf))).filter((leaf) => leaf !== undefined && !bounds.has(boundChain(from, leaf)))
  const remapped = table.columns.some((column) => column.rule !== null)
  if (missing.length === 0 && !remapped) return
  const rows = await unplaced(exam, table)
  if (rows.total === 0) return
  const ddl = missing.map((leaf) => `CREATE TABLE ${leaf === undefined ? '' : qualified(leaf)} PARTITION OF ${leaf === undefined ? '' : leaf.parents.map(qualified).join('')} ${leaf?.partitionBound ?? ''};`)
  reportRows(exam, 'OM2109', 'error', placeOf(exam, 'target', table), {
    message: `${exam.plan.target} has no partition of ${nameOf(table)} for ${rows.total} moving row(s)`,
    hint: ddl.length > 0 ? `create the partitions on ${exam.plan.target}: ${ddl.join(' ')}` : 'create the partitions on the target',
  }, rows)
}

/** Bounds from the root down, by which leaves of two cells are the same whatever their names. */
function boundChain(catalog: Catalog, table: Table): string {
  const parent = catalog.tables.find((t) => table.parents.some((p) => tableKey(p) === tableKey(t)))
  if (!table.isPartition || parent === undefined) return tableKey(table)
  return `${boundChain(catalog, parent)} > ${table.partitionBound ?? ''}`
}

/** Moving rows that no leaf of the target accepts, by the target's own partition constraints. */
async function unplaced(exam: Examination, table: OwnedTable): Promise<Awaited<ReturnType<typeof sample>>> {
  const target = exam.session('target', table.id.database)
  const leaves = await target.rows<{ constraint: string | null; is_default: boolean }>(sql('prepare/leaf-constraints'), [table.id.schema, table.id.name])
  if (leaves.some((leaf) => leaf.is_default)) {
    exam.report(
      finding('OM2109', 'warning', placeOf(exam, 'target', table), {
        message: `rows of ${nameOf(table)} for which ${exam.plan.target} has no partition of its own will go to the default partition there`,
        hint: 'create the partitions first if they should be apart',
      }),
    )
  }
  await stage(exam, table, table.columns.filter((column) => !column.generated))
  const accepts = leaves.map((leaf) => `(${leaf.constraint ?? 'true'})`).join(' OR ')
  const rows = await sample(target, { ...table, identity: table.identity }, { from: `${STAGE} AS t`, where: leaves.length === 0 ? 'true' : `(${accepts}) IS NOT TRUE` })
  await target.execute(`DROP TABLE ${STAGE}`)
  return rows
}
