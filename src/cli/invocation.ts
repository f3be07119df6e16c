import type { PaceOrders } from '../dataplane/pace.js'
import type { LogFormat, LogLevel } from '../observability/logger.js'
import type { ListenAddress } from '../observability/serve-metrics.js'
import type { MoveState, Phase } from '../domain/vocabulary.js'

export const REPORT_FORMATS = ['html', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** What the operator asked for, after all checks of usage. */
export type Invocation =
  | { readonly command: 'init' }
  | { readonly command: 'doctor' }
  | { readonly command: 'route get'; readonly org: string }
  | { readonly command: 'route set'; readonly org: string; readonly to: string; readonly yes: boolean }
  | { readonly command: 'discover'; readonly cell: string | null; readonly write: string | null; readonly check: boolean }
  | { readonly command: 'plan'; readonly org: string; readonly to: string; readonly from: string | null; readonly report: string | null; readonly sample: boolean }
  | { readonly command: 'move'; readonly org: string; readonly to: string; readonly from: string | null; readonly pauseBefore: Phase | null; readonly maxWindowMs: number | null; readonly yes: boolean }
  | { readonly command: 'resume'; readonly moveId: string; readonly maxWindowMs: number | null; readonly takeOver: boolean; readonly yes: boolean }
  | { readonly command: 'pause'; readonly moveId: string; readonly yes: boolean }
  | { readonly command: 'status'; readonly moveId: string | null; readonly watch: boolean }
  /** `output` null: to a file of the move's name for html, to standard output for json. */
  | { readonly command: 'report'; readonly moveId: string; readonly format: ReportFormat; readonly output: string | null }
  | { readonly command: 'list'; readonly org: string | null; readonly state: MoveState | null }
  | { readonly command: 'verify'; readonly moveId: string }
  | { readonly command: 'abort'; readonly moveId: string; readonly yes: boolean }
  | { readonly command: 'purge'; readonly moveId: string; readonly yes: boolean; readonly waiveRetention: string | null }
  | { readonly command: 'throttle'; readonly moveId: string; readonly orders: PaceOrders }
  | { readonly command: 'secrets keygen'; readonly out: string }
  | { readonly command: 'secrets seal'; readonly moveId: string; readonly yes: boolean }
  | { readonly command: 'secrets open'; readonly moveId: string; readonly privateKey: string; readonly yes: boolean }
  | { readonly command: 'demo'; readonly keep: boolean }

export type CommandName = Invocation['command']

/** Options of all commands. */
export interface GlobalOptions {
  /** Null: `$ORG_MOVER_CONFIG`, else `org-mover.yaml`. */
  readonly config: string | null
  readonly json: boolean
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly progress: boolean
  readonly metricsPort: ListenAddress | null
  readonly metricsFile: string | null
}

/** Which document of documents.ts a command prints. */
export type DocumentKind = 'done' | 'check' | 'discover' | 'plan' | 'move' | 'list' | 'report' | 'error'

export const DOCUMENT_KINDS: Readonly<Record<CommandName, DocumentKind>> = {
  init: 'done',
  doctor: 'check',
  'route get': 'done',
  'route set': 'done',
  discover: 'discover',
  plan: 'plan',
  move: 'move',
  resume: 'move',
  pause: 'move',
  status: 'move',
  report: 'report',
  list: 'list',
  verify: 'move',
  abort: 'move',
  purge: 'move',
  throttle: 'move',
  'secrets keygen': 'done',
  'secrets seal': 'move',
  'secrets open': 'move',
  demo: 'move',
}

export function documentKindOf(invocation: Invocation): DocumentKind {
  if (invocation.command === 'discover' && invocation.check) return 'check'
  if (invocation.command === 'status' && invocation.moveId === null) return 'list'
  return DOCUMENT_KINDS[invocation.command]
}

/** Commands that drive a move: what others do is over before anybody looks. */
const DRIVING: ReadonlySet<CommandName> = new Set(['move', 'resume', 'verify', 'abort', 'purge', 'secrets seal', 'secrets open', 'demo'])

export function drivesMove(command: CommandName): boolean {
  return DRIVING.has(command)
}
