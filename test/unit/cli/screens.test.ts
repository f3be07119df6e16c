import { describe, expect, it } from 'vitest'
import { createStyle, widthOf } from '../../../src/cli/style.js'
import { renderError, renderOutcome } from '../../../src/cli/render.js'
import type { Outcome } from '../../../src/cli/outcome.js'
import { renderFrame } from '../../../src/cli/progress-frame.js'
import { ProgressState } from '../../../src/cli/progress-state.js'
import type { DiscoverDocument, MoveDocument } from '../../../src/domain/documents.js'
import { finding } from '../../../src/domain/finding.js'
import { MoverError } from '../../../src/domain/errors.js'
import { CHECK, DISCOVER, LIST, MOVE, PLAN, runCli } from './support.js'

const NONE = createStyle(false)
const LONG = 'nothing says who owns the rows of public.audit_events: it has neither a key column nor a foreign key, and so it may hold most of an organization'
const PLACE = { cell: 'cell-a', database: 'main', schema: 'public', table: 'audit_events' }
const ERROR = finding('OM2101', 'error', PLACE, { message: LONG, hint: LONG })
const WAY = ['attachments.comment_id -> comments.id', 'comments.issue_id -> issues.id', 'issues.project_id -> projects.id', 'projects.organization_id']
const MOVES = [0, 1].map((n) => ({ ...MOVE, moveId: `01a21d2${n}-898e-7858-be8f-b6bd8df6c77c`, phase: 'cutover' as const, verification: { ...MOVE.verification, verdict: 'equal' as const } }))
const RESTING: MoveDocument = { ...MOVE, retainedUntil: '2026-12-04T13:12:59.056Z', timings: (['prepare', 'freeze', 'copy', 'verify', 'cutover'] as const).map((phase) => ({ phase, seconds: 94.3 })) }

function discovered(name: string, path: readonly string[], schema = 'public'): DiscoverDocument['tables'][number] {
  return { database: 'main', schema, table: name, class: 'sharded', rule: { kind: 'via', columns: [], path }, strategy: null, origin: 'inferred', predicate: null }
}

const SCREENS: Readonly<Record<string, Outcome>> = {
  'doctor, discover --check': { kind: 'check', document: { ...CHECK, checks: [{ cell: 'cell-a', database: 'main', name: 'table privileges', ok: false, message: LONG }], findings: [ERROR, ERROR] } },
  discover: { kind: 'discover', document: { ...DISCOVER, tables: [discovered('attachments', [...WAY, ...Array.from({ length: 30 }, (_, n) => `attachments.key_${n} -> projects.id`)])], findings: [ERROR] } },
  plan: { kind: 'plan', document: { ...PLAN, findings: [ERROR], blocking: true, rowsChecked: false }, file: 'plan.html' },
  status: { kind: 'move', document: { ...RESTING, findings: [ERROR] } },
  list: { kind: 'list', document: { ...LIST, moves: MOVES } },
}

function linesAt(width: number, outcome: Outcome): readonly string[] {
  return renderOutcome(outcome, NONE, { prose: Math.min(width, 120), tables: width })
}

describe('what a terminal shows', () => {
  it.each(Object.entries(SCREENS))('%s fits into 80 cells and into 200', (_name, outcome) => {
    for (const width of [80, 200]) expect(linesAt(width, outcome).filter((line) => widthOf(line) > width)).toEqual([])
  })

  it('of an error is wrapped between words', () => {
    const lines = renderError({ code: 'OM3004', message: LONG, hint: LONG, retry: 'safe' }, NONE, 80)
    expect(lines.filter((line) => widthOf(line) > 80)).toEqual([])
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain(`hint: ${LONG}`)
  })

  it('of a row is one line in a file, for those who search it', () => {
    const [, row] = renderOutcome({ kind: 'list', document: { ...LIST, moves: MOVES } }, NONE, { prose: 100, tables: Number.POSITIVE_INFINITY })
    expect(row).toMatch(/^01a21d20-898e-7858-be8f-b6bd8df6c77c .* cutover +equal$/)
  })

  it('of moves keeps state and phase in 80 cells: ids are cut to a prefix that is still the only one', () => {
    expect(linesAt(80, SCREENS['list'] as Outcome)[1]).toMatch(/^01a21d20-898e  42 .*cut_over  cutover  equal$/)
    const twins = MOVES.map((move) => ({ ...move, moveId: `01a21d21-898e-7${move.moveId.charAt(7)}58-be8f-b6bd8df6c77c` }))
    expect(linesAt(80, { kind: 'list', document: { ...LIST, moves: twins } })[1]).toContain(twins[0]?.moveId)
  })
})

describe('discover', () => {
  it('tells of each table its own step to the owner', () => {
    const tables = [
      discovered('attachments', WAY),
      discovered('projects', ['projects.organization_id']),
      discovered('notes', ['notes.issue_id -> issues.id', 'issues.project_id -> projects.id', 'projects.organization_id', 'notes.label_id -> labels.id']),
      discovered('steps', ['a.steps.run_id, a.steps.run_at -> runs.id, runs.at', 'runs.organization_id'], 'a'),
    ]
    const lines = linesAt(200, { kind: 'discover', document: { ...DISCOVER, tables } })
    expect(lines.slice(1, 5).map((line) => line.replace(/^.*inferred +/, ''))).toEqual(['comment_id → comments', 'organization_id', 'issue_id → issues; label_id → labels', 'run_id, run_at → runs'])
  })

  it.each([
    ['discover', { discover: () => Promise.resolve({ ...DISCOVER, findings: [ERROR] }) }, 'org-mover discover --check'],
    ['discover --cell cell-b', { discover: () => Promise.resolve({ ...DISCOVER, findings: [ERROR] }) }, 'org-mover discover --check --cell cell-b'],
    ['discover --check', { discover: () => Promise.resolve({ ...CHECK, findings: [ERROR] }) }, 'org-mover discover --check'],
    ['discover', {}, 'org-mover plan --org ORG --to CELL'],
    ['doctor', { doctor: () => Promise.resolve({ ...CHECK, findings: [ERROR] }) }, 'org-mover doctor'],
    ['doctor', {}, 'org-mover discover'],
  ])('%s %j: what must be corrected comes first again', async (line, app, next) => {
    expect((await runCli(line, { app: app as never })).stdout).toContain(`next: ${next}\n`)
  })
})

describe('plan', () => {
  it('says that rows were not looked at, where they were not', () => {
    expect(linesAt(80, SCREENS['plan'] as Outcome).join('\n')).toMatch(/No row was looked at: .*may find\s+more\./s)
    expect(linesAt(80, { kind: 'plan', document: { ...PLAN, findings: [ERROR], blocking: true } }).join('\n')).not.toContain('No row was looked at')
  })

  it('names the page that it wrote', () => {
    expect(linesAt(80, SCREENS['plan'] as Outcome).at(-1)).toBe('the page is in plan.html')
  })
})

describe('a move', () => {
  it('tells how long the source keeps the rows', () => {
    expect(linesAt(80, { kind: 'move', document: RESTING }).join('\n')).toMatch(/retention +cell-a keeps the rows, fenced, until 2026-12-04 13:12 UTC/)
    expect(linesAt(80, { kind: 'move', document: MOVE }).join('\n')).not.toContain('retention')
  })

  it('that was aborted says that nothing is left of it, whatever its tables once held', () => {
    expect(linesAt(80, { kind: 'move', document: { ...MOVE, state: 'aborted', phase: 'copy' } }).join('\n')).toContain('aborted (copy): nothing of it is left on cell-b, cell-a serves')
  })

  it.each([
    ['cut_over', 'equal: cell-a was read again: it still holds what was verified before the cutover'],
    ['paused', 'equal: both sides were read again'],
  ] as const)('that is %s and verified again says what was read', async (state, said) => {
    const document = { ...MOVE, state, verification: { ...MOVE.verification, verdict: 'equal' as const } }
    expect((await runCli('verify 0197f3a2', { app: { verify: () => Promise.resolve(document) } })).stderr).toContain(said)
  })

  it('of which nothing was read is not shown with question marks: the error tells all', async () => {
    const failure = new MoverError({ code: 'OM3004', message: 'driven by sre@a', hint: 'wait', retry: 'safe', context: { moveId: MOVE.moveId } })
    const { stdout, stderr } = await runCli('resume 0197f3a2', { app: { resume: () => Promise.reject(failure) } })
    expect(stdout).not.toContain('?')
    expect(stderr).toContain('OM3004')
  })

  it('whose purge came too early is not told to purge again', async () => {
    const error = { code: 'OM6001', message: 'm', hint: 'h', retry: 'after-fix' } as const
    expect((await runCli('purge 0197f3a2', { app: { purge: () => Promise.resolve({ ...MOVE, error }) } })).stdout).not.toContain('next:')
  })

  it('shows bytes before the first chunk is done, and says why no rows are counted', () => {
    const state = new ProgressState(0)
    state.apply({ kind: 'phase', phase: 'copy', state: 'started' }, 0)
    state.apply({ kind: 'moved', table: 'public.notes', rows: 0, bytes: 4096 }, 1000)
    expect(renderFrame(state, { nowMs: 2000, columns: 80, maxTables: 3, style: NONE }).join('\n')).toContain('4.0 KiB')
    const progress = { rowsDone: 0, rowsTotal: 10, rowsPerSecond: 0, bytesPerSecond: 0, etaSeconds: null }
    expect(linesAt(80, { kind: 'move', document: { ...MOVE, progress } }).join('\n')).toContain('no chunk done lately')
  })
})
