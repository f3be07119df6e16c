import type { PlanDocument } from '../../domain/documents.js'
import { formatDuration } from '../../domain/durations.js'
import { counted, formatBytes, formatCount } from '../format.js'
import { bars } from './charts.js'
import { findingsMarkup } from './findings.js'
import { ROWS_NOT_CHECKED } from '../render-plan.js'
import { embeddedJson, html } from './html.js'
import { chart, page, section, table, verdict } from './page.js'
import type { VerdictText } from './page.js'

/** The plan as one file for a change review, of the same pieces as the report of the move itself. */
export function planPage(document: PlanDocument, written: { readonly at: Date; readonly by: string }): string {
  const { org, target, tables, findings, classes, notMoved, steps } = document
  const source = document.source ?? '?'
  const number = (title: string) => ({ title, isNumber: true })
  const shown = tables.filter(({ rows }) => rows > 0).toSorted((a, b) => b.bytes - a.bytes)
  const unindexed = findings.filter(({ code }) => code === 'OM2118')
  return page(`Plan: organization ${org} from ${source} to ${target}`, [
    html`<h1>Plan: organization ${org}, ${source} → ${target}</h1>`,
    verdict(verdictOf(document)),
    section('Ownership', table([{ title: 'Class' }, number('Tables'), number('Rows'), number('Size')], classes.map((one) => [one.class, one.tables, formatCount(one.rows), formatBytes(one.bytes)]))),
    section('Findings', findingsMarkup(findings)),
    section('Biggest tables', chart(bars('bytes by table', shown.map((one) => ({ name: `${one.schema}.${one.table}`, value: one.bytes, text: formatBytes(one.bytes) }))))),
    section('Measured sample', table([{ title: 'Table' }, number('Rows'), number('Size'), number('Seconds')], (document.sample?.tables ?? []).map((one) => [`${one.schema}.${one.table}`, formatCount(one.rows), formatBytes(one.bytes), one.seconds]))),
    section('Missing indexes', table([{ title: 'Table' }, { title: 'Statement' }], unindexed.map((one) => [`${one.database ?? ''} ${one.schema ?? ''}.${one.table ?? ''}`, html`<code>${one.hint}</code>`]))),
    section('What the move will do', table([{ title: '' }, { title: 'Phase' }, { title: 'Step' }, { title: 'Who accepts writes' }], steps.map(({ phase, text, writes }, n) => [n + 1, phase, text, writes]))),
    section('Not moved', table([{ title: 'What' }, { title: 'Why' }], notMoved.map(({ what, why }) => [what, why]))),
    section('All tables', table([{ title: 'Database' }, { title: 'Table' }, { title: 'Class' }, number('Rows'), number('Size'), number('Chunks'), { title: 'Index' }], shown.map((one) => [one.database, `${one.schema}.${one.table}`, one.class, `${one.rowsExact ? '' : '~'}${formatCount(one.rows)}`, formatBytes(one.bytes), one.chunks, one.index]))),
    html`<footer>Written ${written.at.toISOString()} by org-mover ${written.by}. Nothing was changed: it is what both cells looked like then.</footer>`,
    embeddedJson('document', document),
  ])
}

function verdictOf({ blocking, findings, totals, estimate, rowsChecked }: PlanDocument): VerdictText {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const size = `${counted(totals.rows, 'row')} of ${counted(totals.tables, 'table')}, ${formatBytes(totals.bytes)}.`
  const window = estimate.windowSeconds === null ? `The window cannot be estimated: ${estimate.basis}.` : `The organization will stand still for about ${formatDuration(estimate.windowSeconds * 1000)}: ${estimate.basis}.`
  if (blocking) return { tone: 'bad', headline: `Not possible as things stand: ${counted(errors, 'error')}`, sentences: rowsChecked ? [size, window] : [ROWS_NOT_CHECKED] }
  return findings.length === 0
    ? { tone: 'good', headline: 'Nothing stands in the way', sentences: [size, window] }
    : { tone: 'warn', headline: `Possible, with ${counted(findings.length, 'warning')}`, sentences: [size, window] }
}
