import type { CheckDocument, DiscoverDocument, DoneDocument, ErrorDocument, ListDocument, MoveDocument, PlanDocument } from '../domain/documents.js'
import { errorDocument, NOT_VERIFIED } from '../domain/documents.js'
import type { MoverError } from '../domain/errors.js'
import type { ReportDocument } from '../domain/report.js'
import { documentKindOf } from './invocation.js'
import type { DocumentKind, Invocation } from './invocation.js'

/** The document that a command ends with, tagged with its kind for rendering. */
export type Outcome =
  | { readonly kind: 'done'; readonly document: DoneDocument; readonly next?: string }
  | { readonly kind: 'check'; readonly document: CheckDocument }
  | { readonly kind: 'discover'; readonly document: DiscoverDocument }
  /** `file`: where --report put the page. */
  | { readonly kind: 'plan'; readonly document: PlanDocument; readonly file?: string }
  | { readonly kind: 'move'; readonly document: MoveDocument }
  | { readonly kind: 'list'; readonly document: ListDocument }
  /** What is shown of it instead of the document itself, without --json. */
  | { readonly kind: 'report'; readonly document: ReportDocument; readonly text: string }
  | { readonly kind: 'error'; readonly document: { readonly error: ErrorDocument | null } }

/** What a failed command knows of itself. */
export interface Known {
  readonly org?: string | null
  readonly source?: string | null
  readonly target?: string | null
  readonly cell?: string | null
  readonly moveId?: string | null
}

/** The document of a command that failed (or, without error, was interrupted) before it had anything to show. */
export function emptyOutcome(kind: DocumentKind, failure: MoverError | null, known: Known): Outcome {
  const error = failure === null ? null : errorDocument(failure)
  const findings = failure?.findings ?? []
  const org = known.org ?? null
  switch (kind) {
    case 'done':
      return { kind, document: { done: [], org, cell: known.cell ?? null, epoch: null, error } }
    case 'check':
      return { kind, document: { checks: [], findings, error } }
    case 'discover':
      return { kind, document: { cell: known.cell ?? '', tables: [], findings, error } }
    case 'plan':
      return { kind, document: { ...emptyPlan(known), findings, blocking: failure !== null, error } }
    case 'move':
      return { kind, document: { ...EMPTY_MOVE, org, source: known.source ?? null, target: known.target ?? null, moveId: known.moveId ?? null, findings, error } }
    case 'list':
      return { kind, document: { moves: [], error } }
    case 'report':
      return { kind, document: { report: null, sha256: null, error }, text: '' }
    case 'error':
      return { kind, document: { error } }
  }
}

/** As far as the failed command can still fill it in; without failure it was interrupted. */
export function outcomeOfFailure(invocation: Invocation, failure: MoverError | null): Outcome {
  return emptyOutcome(documentKindOf(invocation), failure, knownOf(invocation, failure))
}

function knownOf(invocation: Invocation, failure: MoverError | null): Known {
  const moveId = failure?.context['moveId']
  return {
    org: 'org' in invocation ? invocation.org : null,
    target: 'to' in invocation ? invocation.to : null,
    source: 'from' in invocation ? invocation.from : null,
    cell: invocation.command === 'discover' ? invocation.cell : null,
    moveId: typeof moveId === 'string' ? moveId : null,
  }
}

function emptyPlan(known: Known): Omit<PlanDocument, 'findings' | 'blocking' | 'error'> {
  return {
    org: known.org ?? '',
    source: known.source ?? null,
    target: known.target ?? '',
    tables: [],
    rowsChecked: false,
    room: null,
    besides: [],
    totals: { tables: 0, rows: 0, bytes: 0 },
    estimate: { windowSeconds: null, basis: 'unknown' },
    sample: null,
    classes: [],
    notMoved: [],
    steps: [],
  }
}

const EMPTY_MOVE: MoveDocument = {
  moveId: null,
  org: null,
  source: null,
  target: null,
  state: null,
  phase: null,
  tables: [],
  secrets: [],
  participants: [],
  throttle: null,
  verification: NOT_VERIFIED,
  timings: [],
  frozenSeconds: null,
  bytesCopied: 0,
  findings: [],
  error: null,
  next: null,
  createdAt: null,
  createdBy: null,
  lease: null,
  fence: null,
  window: null,
  waiting: null,
  pauseRequested: null,
  retainedUntil: null,
  progress: null,
}
