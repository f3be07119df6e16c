import type { ErrorDocument } from '../domain/documents.js'
import { ERROR_CATALOGUE } from '../domain/error-catalogue.js'
import type { Outcome } from './outcome.js'
import { renderCheck, renderDiscover, renderDone } from './render-catalog.js'
import { renderList, renderMove } from './render-move.js'
import { renderPlan } from './render-plan.js'
import { printable, printableLines } from './style.js'
import type { Style } from './style.js'
import { wrapped } from './wrap.js'
import type { Widths } from './wrap.js'

/** The result of a command as text for stdout, without its error; no lines where there is nothing to show. It fits into the widths, but for words that are wider. */
export function renderOutcome(outcome: Outcome, style: Style, widths: Widths): readonly string[] {
  switch (outcome.kind) {
    case 'done':
      return renderDone(outcome.document)
    case 'check':
      return outcome.document.error !== null && outcome.document.findings.length === 0 ? [] : renderCheck(outcome.document, style, widths)
    case 'discover':
      return outcome.document.error !== null && outcome.document.tables.length === 0 ? [] : renderDiscover(outcome.document, style, widths)
    case 'plan':
      return outcome.document.error !== null && outcome.document.tables.length + outcome.document.findings.length === 0 ? [] : [...renderPlan(outcome.document, style, widths.prose), ...(outcome.file === undefined ? [] : ['', `the page is in ${printable(outcome.file)}`])]
    case 'move':
      return renderMove(outcome.document, style, widths)
    case 'list':
      return outcome.document.error === null ? renderList(outcome.document, style, widths) : []
    case 'report':
      return outcome.text === '' ? [] : [outcome.text]
    case 'error':
      return []
  }
}

/** An error for stderr: what it is, what happened, what to do. */
export function renderError(error: ErrorDocument, style: Style, width: number): readonly string[] {
  const title = Object.entries(ERROR_CATALOGUE).find(([code]) => code === error.code)?.[1].title
  return [
    style.red(style.bold(`${error.code}${title === undefined ? '' : ` ${title}`}`)),
    ...printableLines(error.message).flatMap((line) => wrapped(line, width, 2).map((part, index) => (index === 0 ? `  ${part}` : part))),
    ...wrapped(printable(error.hint), width, 8).map((part, index) => (index === 0 ? `  ${style.cyan('hint:')} ${part}` : part)),
  ]
}
