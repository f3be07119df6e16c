import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { movePage } from '../../src/cli/report/move-page.js'
import type { MoveReport, ReportDocument } from '../../src/domain/report.js'
import { BROWSERLESS, openedInBrowser } from '../support/browser.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { fencedCells, mainOf } from '../support/fenced-cells.js'
import { participantService } from '../support/outside/participant-service.js'
import { OutsideService } from '../support/outside/service.js'
import { documentOf } from '../support/output-schema.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'

const HOSTILE = `<script>alert("1")</script>'&\u202e`

describe('the report of a move', () => {
  test('tells from the journal alone, after the purge, what was moved and that both sides were equal', async () => {
    await using cells = await fencedCells({ copy: { chunk_rows: 1 } })
    const moved = await cells.app.move({ org: '1', to: 'cell-b', maxWindowMs: 3_600_000 }, cells.io)
    const moveId = moved.moveId ?? ''
    expect(await cells.app.purge(moveId, { waiveRetention: '1' }, cells.io)).toMatchObject({ state: 'completed' })
    // neither cell can be asked any more
    await mainOf(cells, 'a').query('DROP TABLE notes')
    const document = await cells.app.report(moveId)
    const report = reportOf(document)
    expect(documentOf('report', JSON.stringify(document))).toEqual(document)
    expect(document.sha256).toBe(createHash('sha256').update(JSON.stringify(report)).digest('hex'))

    expect(report.move).toMatchObject({ moveId, org: '1', source: 'cell-a', target: 'cell-b', state: 'completed', maxWindowSeconds: 3600, routeEpochBefore: '1', routeEpochAfter: '2', fence: { source: 'none', target: 'none' } })
    expect(report.verification.verdict).toBe('equal')
    const notes = report.tables.find(({ table }) => table === 'notes')
    expect(notes).toMatchObject({ rowsCopied: 2, rowsVerified: 2, rowsPurged: 2, chunks: 2, isEqual: true, source: { rows: 2 }, target: { rows: 2 } })
    expect(notes?.source?.digest).toMatch(/^[0-9a-f]{32}$/)
    expect(notes?.source?.digest).toBe(notes?.target?.digest)
    const journal = await cells.control.query<{ phase: string; outcome: string; driver: string }>('SELECT phase, outcome, driver FROM org_mover.phase_run ORDER BY seq')
    expect(report.phases.map(({ phase, outcome, driver }) => ({ phase, outcome, driver }))).toEqual(journal)
    expect(report.phases.every(({ driver, version }) => /@.+ pid \d+/.test(driver ?? '') && /^\d+\.\d+/.test(version ?? ''))).toBe(true)
    for (const phase of ['copy', 'verify', 'purge'] as const) {
      expect(report.throughput.filter((part) => part.phase === phase).reduce((sum, { rows }) => sum + rows, 0), phase).toBe(report.tables.reduce((sum, one) => sum + one.rowsCopied, 0))
    }
    expect(report.servers.map(({ side, database }) => `${side} ${database}`).sort()).toEqual(['source main', 'target main'])
    for (const server of report.servers) expect(server).toMatchObject({ version: expect.stringMatching(/^\d+/), lsnAtFreeze: expect.stringMatching(/\//), lsnAtCutover: expect.stringMatching(/\//) })
    expect(report.created.length).toBeGreaterThan(0)
    expect(report.created.every(({ removedAt }) => removedAt !== null)).toBe(true)
    expect(report.decisions.map(({ what }) => what)).toEqual(expect.arrayContaining(['limit of the window', 'retention waived']))
    expect(report.notMoved.map(({ what }) => what)).toEqual(expect.arrayContaining(['main public.aside', 'main public.plans', 'state outside PostgreSQL']))
    expect(report.events.map(({ command, kind }) => `${command} ${kind}`)).toEqual(expect.arrayContaining(['move started', 'purge ended']))
  })

  test('names what was done outside of PostgreSQL, from the journal: participants with outcome and attempts, hooks with their outcome, and what was waited for', async () => {
    await using files = await participantService()
    const readings = ['3', '0', '0']
    await using app = await OutsideService.start(({ verb }) => (verb === 'ready' ? (readings.shift() ?? '0') : 'as you wish'))
    const quick = { timeout: '5s' }
    const maintenance = {
      enter: [{ http: `${app.url}?token=let-me-in`, headers: { 'x-token': 'let-me-in' }, ...quick }, { sql: `UPDATE public.organizations SET name = 'let-me-in' WHERE id = :org`, ...quick }],
      ready: [{ command: [...app.command, 'let-me-in'], gap: '1100ms', limit: '20s', ...quick }],
      leave: [{ http: app.url, ...quick }],
    }
    await using cells = await smallCells({ config: { lease: '10m', maintenance, participants: [{ name: 'files', http: files.service.url, retries: 2, lag_gap: '10ms', ...quick }] } })
    files.service.failOnce('final_sync', 'busy before')
    expect(await cells.run((one, io) => one.move({ org: ORG, to: 'cell-b' }, io))).toMatchObject({ exit: 0 })
    const report = await reportedBy(cells)
    expect(report.hooks.map(({ moment, position, hook, serving, outcome, readings: read }) => [moment, position, hook.replace(/:\d+$/, ':PORT'), serving, outcome, read])).toEqual([
      ['enter', 1, 'http to 127.0.0.1:PORT', 'cell-a', 'done', null],
      ['enter', 2, 'sql on cell-a/main', 'cell-a', 'done', null],
      ['ready', 1, `command ${basename(app.command[0] ?? '')}`, 'cell-a', 'done', 3],
      ['leave', 1, 'http to 127.0.0.1:PORT', 'cell-b', 'done', null],
    ])
    expect(report.participants.map(({ participant, verb, state, attempts, run }) => [participant, verb, state, attempts, run])).toEqual(expect.arrayContaining([['files', 'final_sync', 'done', 2, 1], ['files', 'verify', 'done', 1, 1], ['files', 'cutover', 'done', 1, 1]]))
    expect(report.participants.every(({ startedAt }) => startedAt > report.move.createdAt)).toBe(true)
    expect(report.waits.some(({ reason }) => reason.includes('readiness probe reads 3'))).toBe(true)
    const page = movePage({ report, sha256: '', error: null }, report)
    for (const text of ['Outside of PostgreSQL', 'files: 3', 'sql on cell-a/main', 'done, 3 readings']) expect(page).toContain(text)
    expect(JSON.stringify(report)).not.toContain('let-me-in')
  })

  test('names the hook that failed', async () => {
    await using app = await OutsideService.start(() => 'x')
    await using cells = await smallCells({ config: { lease: '10m', maintenance: { enter: [{ http: app.url, timeout: '5s' }, { sql: 'SELECT 1/0' }] } } })
    expect(await cells.run((one, io) => one.move({ org: ORG, to: 'cell-b' }, io))).toMatchObject({ code: 'OM3011' })
    const report = await reportedBy(cells)
    expect(report.hooks.map(({ moment, position, outcome }) => `${moment} ${position} ${outcome}`)).toEqual(['enter 1 done', 'enter 2 failed'])
    expect(movePage({ report, sha256: '', error: null }, report)).toContain('enter 2')
  })

  test('of a move that was taken back says so', async () => {
    await using cells = await fencedCells()
    const { moveId } = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'verify' }, cells.io)
    await cells.app.abort(moveId ?? '', cells.io)
    const document = await cells.app.report(moveId ?? '')
    const page = movePage(document, reportOf(document))
    expect(page).toContain('Taken back: cell-a serves the organization as before')
    expect(document.report?.tables.every(({ isEqual }) => isEqual === null)).toBe(true)
    await expect(cells.app.report('ffffffff')).rejects.toMatchObject({ code: 'OM1007' })
  })

  test('is one page that loads nothing, and shows hostile names as what they are', async () => {
    await using cells = await fencedCells()
    const { moveId } = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    const document = await hostile(cells, moveId ?? '')
    const page = movePage(document, reportOf(document))
    expect(page).not.toContain('<script>alert')
    expect(page).not.toContain('\u202e')
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page.replaceAll(/<script type="application\/json".*<\/script>/gs, '')).not.toMatch(/(?:src|href|url)\s*[=(]|@import|https?:/)
    const embedded = /<script type="application\/json" id="document">(.*)<\/script>/s.exec(page)?.[1]
    expect(JSON.parse(embedded ?? '')).toEqual(document)
    expect(page).toMatch(/^<!DOCTYPE html>[^]*<\/html>\n$/)
  })

  test.skipIf(BROWSERLESS.is)(`opens in a browser, which finds nothing to run in it${BROWSERLESS.note}`, async () => {
    await using cells = await fencedCells()
    const { moveId } = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    const document = await hostile(cells, moveId ?? '')
    const opened = await openedInBrowser(movePage(document, reportOf(document)))
    expect(opened).toContain(document.sha256)
    expect(opened).toContain('Moved and proven equal')
    expect(opened).not.toContain('<script>alert')
  })
})

/** The report of the one move that there is. */
async function reportedBy(cells: SmallCells): Promise<MoveReport> {
  const documents: ReportDocument[] = []
  await cells.run(async (app) => {
    const id = (await cells.moveId()) ?? ''
    documents.push(await app.report(id))
    return app.status(id)
  })
  const [document] = documents
  if (document === undefined) throw new Error('no report was written')
  expect(documentOf('report', JSON.stringify(document))).toEqual(document)
  return reportOf(document)
}

function reportOf({ report }: ReportDocument): MoveReport {
  if (report === null) throw new Error('no report')
  return report
}

/** The report of a real move, with names put in that a page must not obey. */
async function hostile(cells: CellsInProcess, moveId: string): Promise<ReportDocument> {
  const document = await cells.app.report(moveId)
  const report = reportOf(document)
  const changed = { ...report, move: { ...report.move, org: HOSTILE, source: HOSTILE }, tables: report.tables.map((one) => ({ ...one, table: HOSTILE, database: HOSTILE })), lastError: null, events: report.events.map((one) => ({ ...one, who: HOSTILE, detail: { name: HOSTILE } })) }
  return { ...document, report: changed }
}
