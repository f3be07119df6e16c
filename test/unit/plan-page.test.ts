import { describe, expect, it } from 'vitest'
import { planPage } from '../../src/cli/report/plan-page.js'
import { planSteps } from '../../src/domain/plan-steps.js'
import { finding } from '../../src/domain/finding.js'
import { PLAN, runCli } from './cli/support.js'

const WRITTEN = { at: new Date('2026-01-02T03:04:05Z'), by: '0.1.0' }
const HOSTILE = '<img src=x onerror=alert(1)>"\'`\u2028\u202e'
const SCAN = finding('OM2118', 'warning', { cell: 'cell-a', database: 'main', schema: 'public', table: 'notes' }, { message: HOSTILE, hint: 'CREATE INDEX CONCURRENTLY ON notes (organization_id);' }, { examples: [{ [HOSTILE]: HOSTILE }] })

describe('the plan as a page', () => {
  const steps = planSteps({ source: 'cell-a', target: HOSTILE, tables: 3, rows: 10, hooks: { enter: 0, ready: 0, leave: 0 } })
  const document = {
    ...PLAN,
    org: HOSTILE,
    tables: [{ database: 'main', schema: 'public', table: HOSTILE, class: 'sharded' as const, rows: 10, rowsExact: true, bytes: 100, chunks: 1, index: null }],
    totals: { tables: 3, rows: 10, bytes: 100 },
    classes: [{ class: 'sharded' as const, tables: 1, rows: 10, bytes: 100 }],
    estimate: { windowSeconds: 90, basis: 'a guess' },
    sample: { tables: [{ database: 'main', schema: 'public', table: HOSTILE, rows: 5, bytes: 50, seconds: 0.5 }], cutShort: null },
    notMoved: [{ what: HOSTILE, why: 'skip' }],
    findings: [SCAN],
    steps,
  }

  it('has the verdict, the window with its basis, the missing index, the steps and what stays', () => {
    const page = planPage(document, WRITTEN)
    for (const text of ['Possible, with 1 warning', '1m 30s: a guess', 'Measured sample', 'Missing indexes', 'CREATE INDEX CONCURRENTLY', 'point of no return', 'Not moved', 'Ownership', 'Written 2026-01-02T03:04:05.000Z by org-mover 0.1.0']) expect(page).toContain(text)
    expect(planPage({ ...document, blocking: true, findings: [{ ...SCAN, severity: 'error' }] }, WRITTEN)).toContain('Not possible as things stand: 1 error')
  })

  it('lets no name become markup', () => {
    const page = planPage(document, WRITTEN)
    expect(page).not.toMatch(/<img|\u202e|\u2028/)
    expect(page).toContain('&#60;img')
    expect(JSON.parse(/id="document">(.*)<\/script>/s.exec(page)?.[1] ?? '')).toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('tells the order of the phases, and who accepts writes in each', () => {
    expect(steps.map(({ phase, writes }) => `${phase} ${writes}`)).toEqual(['prepare source', 'freeze nobody', 'copy nobody', 'verify nobody', 'cutover nobody', 'cutover target', 'purge target'])
  })

  it('is not written where the folder is missing: the command says so', async () => {
    const ran = await runCli('plan --org 42 --to cell-b --report {dir}/nowhere/plan.html')
    expect([ran.code, ran.stderr.includes('could not be written')]).toEqual([2, true])
  })
})
