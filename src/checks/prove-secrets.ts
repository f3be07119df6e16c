import { finding } from '../domain/finding.js'
import type { OwnedTable, SharedTable } from '../domain/move-plan.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import type { RowSource } from '../dataplane/owned-rows.js'
import { sharedRows } from '../dataplane/shared-rows.js'
import { secretRows } from '../dataplane/secret-digests.js'
import type { Vault } from '../secrets/vault.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'

const MOST_EXAMPLES = 100

/**
 * Opens every secret of the organization with the keys of the source, and tries to write it with those of the target; nothing is written anywhere. Those
 * that cannot be are findings, by key. Yields the numbers of the tables that have one: nothing else can be said of their rows.
 */
export async function proveSecrets(exam: Examination, vault: Vault): Promise<ReadonlySet<number>> {
  const broken = new Set<number>()
  vault.tally.clear()
  for (const table of exam.plan.owned) if ((exam.counts.get(table.no) ?? 0) > 0) await proveTable(exam, vault, table, ownedRows(table, exam.scope), broken)
  for (const table of exam.plan.shared) if (table.identity !== null) await proveTable(exam, vault, table, sharedRows(table, exam.shared), broken)
  return broken
}

async function proveTable(exam: Examination, vault: Vault, table: OwnedTable | SharedTable, rows: RowSource, broken: Set<number>): Promise<void> {
  const pass = vault.pass(table)
  if (pass === null) return
  await bounded(exam, placeOf(exam, 'source', table), 'secrets that can be opened', async () => {
    const failures = new Map<string, { count: number; readonly examples: Readonly<Record<string, string | null>>[] }>()
    const key = identityColumns(table)
    for await (const piece of secretRows(table, pass, exam.map, { session: exam.session('source', table.id.database), side: 'source', rows })) for (const row of piece) {
      for (const [n, reason] of (await pass.prove('source', row.stored)).entries()) {
        if (reason === null) continue
        const text = `${pass.secrets[n] ?? ''}\0${reason}`
        const known = failures.get(text) ?? { count: 0, examples: [] }
        failures.set(text, known)
        known.count += 1
        if (known.examples.length < MOST_EXAMPLES) known.examples.push(key.length === 0 ? { md5: row.key[0] ?? null } : Object.fromEntries(key.map((column, at) => [column.name, row.key[at] ?? null])))
      }
    }
    for (const [text, { count, examples }] of failures) {
      const [column = '', reason = ''] = text.split('\0')
      broken.add(table.no)
      exam.report(
        finding('OM2127', 'error', placeOf(exam, 'source', table), {
          message: `${count} value(s) of secret column ${column} of ${nameOf(table)} cannot be encrypted anew: ${reason}`,
          hint: 'correct the values or the rule; `clear: pass` lets values in the clear pass, `unreadable: carry` or `null` says what becomes of those that no key opens',
        }, { count, examples }),
      )
    }
  })
}
