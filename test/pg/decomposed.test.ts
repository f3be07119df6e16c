import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { CLASSES, decomposedCell } from '../support/decomposed-cell/decomposed-cell.js'
import { contentsOf, Oracle } from '../support/generated-cell/contents.js'

/** A cell in three databases with 300 tables, described by a dictionary of the kind that GitLab keeps beside its schema. */
const { generated, write } = decomposedCell({ tables: 300 })
const oracle = new Oracle(generated)

let folder = ''
let cells: CellsInProcess
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'org-mover-dictionary-'))
  await write(folder)
  cells = await cellsInProcess({ ...generated, orgs: [generated.org], config: { tenancy: { dictionary: folder, classes: CLASSES } } })
})
afterAll(async () => {
  await cells[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('a decomposed cell', () => {
  const look = async () => ({ a: await contentsOf(cells.databases.a, generated.tables), b: await contentsOf(cells.databases.b, generated.tables) })

  test('moves whole, across its databases, and is purged', { timeout: 240_000 }, async () => {
    const before = await look()
    expect(oracle.tags(before.a)).toEqual(oracle.generated('a'))
    const plan = await cells.app.plan({ org: generated.org, to: 'cell-b' })
    expect(plan.findings.filter((found) => found.severity === 'error')).toEqual([])
    expect(plan.totals.rows).toBe(Object.values(oracle.counts()).reduce((sum, rows) => sum + rows, 0))

    const moved = await cells.app.move({ org: generated.org, to: 'cell-b' }, cells.io)
    expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
    const after = await look()
    expect(oracle.all(after.a), 'source').toEqual(oracle.all(before.a))
    expect(oracle.all(after.b), 'target').toEqual(oracle.afterMove(before.a, before.b))

    const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
    expect([purged.error, purged.state]).toEqual([null, 'completed'])
    const done = await look()
    expect(oracle.all(done.a), 'source after the purge').toEqual(oracle.withoutOrganization(before.a))
    expect([done.a.objects, done.b.objects]).toEqual([before.a.objects, before.b.objects])
  })
})
