import { tableNamed } from '../domain/catalog.js'
import type { LookupTable, SharedTable } from '../domain/move-plan.js'
import { finding } from '../domain/finding.js'
import { lookupColumns, matchLookupTable } from '../dataplane/lookup-maps.js'
import { absentStaged, stageShared } from '../dataplane/shared-rows.js'
import { checkSequences } from './check-sequences.js'
import { checkIndex, withGenerated } from './check-target.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

/** Natural keys of lookup tables and contents of shared rows, on both sides. */
export async function checkExempt(exam: Examination): Promise<void> {
  for (const table of exam.plan.lookups) await bounded(exam, placeOf(exam, 'source', table), 'lookup rows', () => checkLookup(exam, table))
  for (const table of exam.plan.shared) if (table.identity !== null) await bounded(exam, placeOf(exam, 'target', table), 'shared rows', () => checkShared(exam, table))
}

async function checkLookup(exam: Examination, table: LookupTable): Promise<void> {
  if (table.matchBy.length === 0) {
    exam.report(finding('OM2112', 'error', placeOf(exam, 'source', table), { message: `lookup table ${nameOf(table)} declares no match_by`, hint: 'declare the natural key: match_by: [name]' }))
    return
  }
  const match = await matchLookupTable(exam.session('source', table.id.database), exam.session('target', table.id.database), table)
  for (const side of ['source', 'target'] as const) {
    const keys = match.ambiguous.filter((a) => a.side === side)
    if (keys.length === 0) continue
    exam.report(
      finding('OM2112', 'error', placeOf(exam, side, table), {
        message: `the natural key of ${keys.length} row(s) of ${nameOf(table)} (${table.matchBy.join(', ')}) is NULL or stands twice`,
        hint: 'choose other columns for match_by, or correct the rows',
      }, { count: keys.length, examples: keys.slice(0, 5).map(({ row }) => Object.fromEntries(table.matchBy.map((name) => [name, row[lookupColumns(table).indexOf(name)] ?? null]))) }),
    )
  }
}

async function checkShared(exam: Examination, table: SharedTable): Promise<void> {
  const { database } = table.id
  const compared = await stageShared({ source: exam.session('source', database), target: exam.session('target', database) }, table, exam.shared, exam.map)
  if (compared.absent > 0) await checkArrivals(exam, table)
  if (compared.differing === 0) return
  exam.report(
    finding('OM2113', 'error', placeOf(exam, 'target', table), {
      message: `${compared.differing} row(s) of shared table ${nameOf(table)} have another content on ${exam.plan.target}`,
      hint: 'make them equal on both cells, or name the columns that may differ under differ_by',
    }, { count: compared.differing, examples: compared.examples.slice(0, 5).map((key) => Object.fromEntries((table.identity ?? []).map((name, n) => [name, key[n] ?? null]))) }),
  )
}

/** Shared rows that will be inserted: no unique key of theirs may be taken, no id of theirs may be handed out again. */
async function checkArrivals(exam: Examination, table: SharedTable): Promise<void> {
  const { database } = table.id
  const absent = absentStaged(table)
  const there = tableNamed(exam.catalogs.target.get(database), table.id)
  if (there === undefined) return
  const staged = withGenerated(there, `(SELECT s.* FROM ${absent.from} WHERE ${absent.where})`)
  for (const index of there.indexes) {
    if (!(index.isUnique || index.isExclusion) || !index.isValid || index.isPrimary) continue
    await checkIndex(exam, table, index, staged)
  }
  await checkSequences(exam, table, { session: exam.session('target', database), alias: 's', ...absent })
}
