import { expect } from 'vitest'
import { contentsOf, label, Oracle } from './contents.js'
import { generateCase } from './generate-case.js'
import { cellsInProcess } from '../cells-in-process.js'
import type { CaseSpec } from './spec.js'

/**
 * One generated case from plan to purge, with a move that is aborted before: after each step both cells are held against what the
 * oracle knows. Throws at the first difference.
 */
export async function movesExactly(spec: CaseSpec): Promise<void> {
  const generated = generateCase(spec)
  const { org, tables } = generated
  const oracle = new Oracle(generated)
  await using cells = await cellsInProcess({ ...generated, orgs: [org] })
  const { app, io, databases } = cells
  const look = async () => ({ a: await contentsOf(databases.a, tables), b: await contentsOf(databases.b, tables) })
  const before = await look()
  expect(oracle.tags(before.a), 'set-up of the source').toEqual(oracle.generated('a'))
  expect(oracle.tags(before.b), 'set-up of the target').toEqual(oracle.generated('b'))
  expect([before.a.collisions, before.b.collisions], 'set-up of sequences').toEqual([[], []])

  const plan = await app.plan({ org, to: 'cell-b' })
  expect(plan.findings.filter((found) => found.severity === 'error'), 'findings').toEqual([])
  const planned = Object.fromEntries(plan.tables.filter((table) => table.rows > 0).map((table) => [`${table.database}:${table.schema}.${table.table}`, table.rows]))
  expect(withoutLeaves(planned), 'discovered').toEqual(withoutLeaves(oracle.counts()))

  const paused = await app.move({ org, to: 'cell-b', pauseBefore: 'verify' }, io)
  expect([paused.state, said(paused)], 'paused').toEqual(['paused', null])
  const aborted = await app.abort(paused.moveId ?? '', io)
  expect([aborted.state, said(aborted)], 'aborted').toEqual(['aborted', null])
  const taken = await look()
  expect(oracle.all(taken.a), 'source after abort').toEqual(oracle.all(before.a))
  expect(oracle.all(taken.b), 'target after abort').toEqual(oracle.all(before.b))
  expect([taken.a.objects, taken.b.objects], 'objects after abort').toEqual([before.a.objects, before.b.objects])

  const moved = await app.move({ org, to: 'cell-b' }, io)
  expect([said(moved), moved.state, moved.verification.verdict], 'moved').toEqual([null, 'cut_over', 'equal'])
  const after = await look()
  expect(oracle.all(after.a), 'source after the move').toEqual(oracle.all(before.a))
  expect(oracle.all(after.b), 'target after the move').toEqual(oracle.afterMove(before.a, before.b))
  expect(after.b.collisions, 'ids that the target will hand out again').toEqual([])
  expect(after.b.strays + after.a.strays, 'rows in databases that should have none').toBe(0)

  const verified = await app.verify(moved.moveId ?? '', io)
  expect(said(verified), 'source against the manifest').toBeNull()
  const purged = await app.purge(moved.moveId ?? '', {}, io)
  expect([said(purged), purged.state], 'purged').toEqual([null, 'completed'])
  const done = await look()
  expect(oracle.all(done.a), 'source after the purge').toEqual(oracle.withoutOrganization(before.a))
  expect(oracle.all(done.b), 'target after the purge').toEqual(oracle.all(after.b))
  expect([done.a.objects, done.b.objects], 'objects after the purge').toEqual([before.a.objects, before.b.objects])

  // what was discovered, read, written, verified and purged is one and the same set
  for (const table of purged.tables) expect([table.rowsCopied, table.rowsVerified, table.rowsPurged], `symmetry of ${table.table}`).toEqual([table.rowsPlanned, table.rowsPlanned, table.rowsPlanned])
  expect(withoutLeaves(Object.fromEntries(purged.tables.filter((table) => table.rowsPurged > 0).map((table) => [`${table.database}:${table.schema}.${table.table}`, table.rowsPurged])))).toEqual(withoutLeaves(oracle.counts()))

  /** A table whose leaves stand for themselves is counted by leaf in documents, and as a whole by the oracle. */
  function withoutLeaves(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const wholes = new Map<string, string>(tables.flatMap((table) => (table.partition?.leaves ?? []).map((leaf) => [`${table.database}:${leaf.schema}.${leaf.name}`, label(table)] as const)))
    const sums: Record<string, number> = {}
    for (const [name, rows] of Object.entries(counts)) sums[wholes.get(name) ?? name] = (sums[wholes.get(name) ?? name] ?? 0) + rows
    return sums
  }
}

/** What went wrong, on one line of the failure. */
function said({ error }: { readonly error: { readonly code: string; readonly message: string } | null }): string | null {
  return error === null ? null : `${error.code} ${error.message}`
}
