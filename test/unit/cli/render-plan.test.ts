import { describe, expect, it } from 'vitest'
import { renderPlan } from '../../../src/cli/render-plan.js'
import { createStyle, widthOf } from '../../../src/cli/style.js'
import type { PlanDocument, PlannedTable } from '../../../src/domain/documents.js'
import { finding } from '../../../src/domain/finding.js'
import type { Finding } from '../../../src/domain/finding.js'
import { notMoved } from '../../../src/domain/not-moved.js'
import { planSteps } from '../../../src/domain/plan-steps.js'
import { PLAN, runCli } from './support.js'

const place = (n: number): Partial<Finding> => ({ cell: 'cell-a', database: 'main', schema: 'public', table: `table_${n}` })

/** Forty-two tables that each miss an index of their own, three that two cells describe alike, and one that stops the move. */
const FINDINGS: readonly Finding[] = [
  ...Array.from({ length: 42 }, (_, n) => finding('OM2118', 'warning', place(n), { message: `reading the organization's rows of public.table_${n} scans the whole table (${n} MB)`, hint: `CREATE INDEX CONCURRENTLY ON public.table_${n} (organization_id);` })),
  ...Array.from({ length: 3 }, (_, n) => finding('OM2116', 'warning', place(n), { message: 'it has no key', hint: 'a primary key would allow chunks' })),
  finding('OM2101', 'error', place(50), { message: 'nobody owns it', hint: 'declare it' }, { count: 3, examples: [{ id: '1' }, { id: '2' }] }),
  finding('OM2113', 'error', place(51), { message: 'differs', hint: 'make them equal' }, { count: 2, examples: [{ id: '7' }, { id: '8' }] }),
  finding('OM2113', 'error', place(52), { message: 'differs', hint: 'make them equal' }, { count: 1, examples: [{ id: '9' }] }),
]

const TABLES: readonly PlannedTable[] = Array.from({ length: 25 }, (_, n) => ({ database: 'main', schema: 'public', table: `a_table_with_a_rather_long_name_${n}`, class: 'sharded', rows: n * 1000, rowsExact: true, bytes: n * 100_000, chunks: n, index: `a_table_with_a_rather_long_name_${n}_organization_id_idx` }))

const DOCUMENT: PlanDocument = {
  ...PLAN,
  tables: TABLES,
  totals: { tables: 25, rows: 300_000, bytes: 30_000_000 },
  classes: [{ class: 'sharded', tables: 24, rows: 300_000, bytes: 30_000_000 }],
  estimate: { windowSeconds: 90, basis: 'measured: so many rows a second over so many tables, which is a basis that takes more than one line of a terminal to tell' },
  room: { needBytes: 40_000_000, bytes: [{ need: 40_000_000, free: -5, by: 'size of its databases, of 1,000 bytes' }], organizations: [{ need: 1, free: 3, by: '2 route(s) counted in the routing table and 0 other move(s) on the way, of 5' }] },
  besides: ['before the flip ANALYZE of 3 table(s) on cell-b'],
  notMoved: notMoved({ skipped: Array.from({ length: 30 }, (_, n) => ({ database: 'main', schema: 'public', name: `skipped_${n}` })), lookups: [], shared: [] }),
  steps: planSteps({ source: 'cell-a', target: 'cell-b', tables: 25, rows: 300_000, hooks: { enter: 1, ready: 1, leave: 1 } }),
  findings: FINDINGS,
  blocking: true,
}

const linesAt = (width: number, document = DOCUMENT): readonly string[] => renderPlan(document, createStyle(false), width)
const textAt = (width: number): string => linesAt(width).join('\n')

describe('the plan as text', () => {
  it.each([80, 100, 120])('fits into %d columns, but for words that are wider', (width) => {
    expect(linesAt(width).filter((line) => widthOf(line) > width)).toEqual([])
  })

  it('tells findings of one code under one heading, errors before warnings', () => {
    const headings = linesAt(100).filter((line) => /^ {2}(error|warning) /.test(line)).map((line) => line.trim())
    expect(headings).toEqual([
      'error   OM2101 cell-a main public.table_50: nobody owns it (3 rows)',
      'error   OM2113 Shared rows differ: 2 places',
      'warning OM2116 Table without a key: 3 places',
      'warning OM2118 No index serves this read: 42 places',
    ])
  })

  it('gives one remedy to a group, and the places beneath it', () => {
    expect(textAt(100)).toContain(
      [
        '  error   OM2113 Shared rows differ: 2 places',
        '                  differs',
        '                  hint: make them equal',
        '                  - cell-a main public.table_51 (2 rows)',
        '                    id=7 … and 1 more',
        '                  - cell-a main public.table_52 (1 row)',
        '                    id=9',
      ].join('\n'),
    )
  })

  it('leaves its own statement to a place where statements differ', () => {
    const lines = linesAt(100)
    const at = lines.findIndex((line) => line.includes('OM2118'))
    expect(lines[at + 1]?.trim()).toBe('hint: Create the index of the hint.')
    expect(lines.slice(at + 2, at + 5).map((line) => line.trim())).toEqual(["- cell-a main public.table_0: reading the organization's rows of public.table_0", 'scans the whole table (0 MB)', 'CREATE INDEX CONCURRENTLY ON public.table_0 (organization_id);'])
  })

  it('is bounded: the first places, the biggest tables, the first names, and how many more there are', () => {
    const text = textAt(100)
    expect(text.match(/CREATE INDEX/g)).toHaveLength(5)
    expect(text).toContain('and 37 more: --json lists all')
    expect(text).toContain('and 14 smaller tables with 105,000 rows, 10.0 MiB: --json lists all')
    expect(text).toContain('(1 table without a row of the organization)')
    expect(text).toMatch(/skipped_9\s+and 20 more:\s+--json lists all/)
    expect(linesAt(100, { ...DOCUMENT, room: null }).length).toBeLessThan(90)
  })

  it('shows the biggest tables first, and leaves columns out rather than break a line', () => {
    const names = (width: number): readonly string[] => linesAt(width).filter((line) => line.startsWith('main ')).map((line) => /name_(\d+) /.exec(line)?.[1] ?? '')
    expect(names(120)).toEqual(['24', '23', '22', '21', '20', '19', '18', '17', '16', '15'])
    expect([textAt(160).includes('INDEX\n'), textAt(80).includes('  INDEX\n'), textAt(80).includes('2.3 MiB')]).toEqual([true, false, true])
  })

  it('tells the window with its basis, and with each step from when on who accepts writes', () => {
    expect(textAt(100)).toMatch(/Maintenance window: about 1m 30s\n {2}measured: so many rows/)
    expect([...textAt(100).matchAll(/from here (.*) accepts writes/g)].map(([, who]) => who)).toEqual(['cell-a', 'nobody', 'cell-b'])
  })

  it('tells the room on the target with how it is known, and nothing where nobody asked', () => {
    expect(textAt(120).replaceAll(/\s+/g, ' ')).toContain('room on cell-b: about 38.1 MiB needed, indexes included; 0 B free (size of its databases, of 1,000 bytes); room for 3 more organizations (2 route(s) counted in the routing table')
    expect(linesAt(120, { ...DOCUMENT, room: null }).join('\n')).not.toContain('room on')
  })

  it('loses nothing with --json', async () => {
    const { stdout } = await runCli('plan --org 1 --to b --json', { app: { plan: () => Promise.resolve(DOCUMENT) } })
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(DOCUMENT)))
  })

  it('is as wide as the terminal, within reason, and as wide as a ticket where it goes to a file', async () => {
    const widest = async (columns?: number): Promise<number> => {
      const { stdout } = await runCli('plan --org 1 --to b', { app: { plan: () => Promise.resolve(DOCUMENT) }, ...(columns === undefined ? {} : { columns }) })
      return Math.max(...stdout.split('\n').filter((line) => !line.startsWith('main ')).map(widthOf))
    }
    const widths = [await widest(80), await widest(), await widest(400)]
    expect(widths.map((width, n) => [80, 100, 120].findIndex((limit) => width <= limit) === n)).toEqual([true, true, true])
  })
})
