import type { Settings } from '../config/settings.js'
import type { CheckDocument, DiscoverDocument, DoneDocument, ListDocument, MoveDocument, PlanDocument } from '../domain/documents.js'
import type { ReportDocument } from '../domain/report.js'
import type { PaceOrders } from '../dataplane/pace.js'
import type { MoveState, Phase } from '../domain/vocabulary.js'
import type { Logger } from '../observability/logger.js'
import type { Progress } from '../observability/progress.js'

/**
 * What is to be done, one line each, shown before anything is changed; resolves to whether to go on. Throws OM1008 where
 * there is nobody to ask and no --yes. May be called again in the middle of a move (`confirm_cutover`).
 */
export type Confirm = (summary: readonly string[]) => Promise<boolean>

/** What a command that drives a move is given. */
export interface MoveIo {
  readonly progress: Progress
  readonly confirm: Confirm
  /** Aborted by SIGINT or SIGTERM: stop at the next safe point and return or throw; the move can be resumed. */
  readonly signal: AbortSignal
}

export interface MoveRequest {
  readonly org: string
  readonly to: string
  readonly from?: string
}

/**
 * The program behind the commands. A failure is thrown (MoverError) as long as there is nothing to show; once a move exists
 * its document is returned with `error` filled in. Of `status` and `list` an `error` in the returned document is the move's
 * own and no failure of the command. Move ids may be shortened to a unique prefix.
 */
export interface App extends AsyncDisposable {
  init(): Promise<DoneDocument>
  doctor(): Promise<CheckDocument>
  routeGet(org: string): Promise<DoneDocument>
  routeSet(org: string, cell: string, io: Pick<MoveIo, 'confirm'>): Promise<DoneDocument>
  discover(request: { readonly cell?: string; readonly mode: 'show' }): Promise<DiscoverDocument>
  discover(request: { readonly cell?: string; readonly mode: 'write'; readonly directory: string }): Promise<DiscoverDocument>
  discover(request: { readonly cell?: string; readonly mode: 'check' }): Promise<CheckDocument>
  /** `sample`: measures a rate by copying a part of the rows into temporary tables of the target. */
  plan(request: MoveRequest & { readonly sample?: boolean }): Promise<PlanDocument>
  move(request: MoveRequest & { readonly pauseBefore?: Phase; readonly maxWindowMs?: number }, io: MoveIo): Promise<MoveDocument>
  /** `takeOver`: from a driver that is at work, too; asks for it apart. */
  resume(moveId: string, io: MoveIo, options?: { readonly maxWindowMs?: number; readonly takeOver?: boolean }): Promise<MoveDocument>
  /** Asks whoever drives the move to rest at the next chunk or phase; does not wait for it. */
  pause(moveId: string, io: Pick<MoveIo, 'confirm'>): Promise<MoveDocument>
  status(moveId: string): Promise<MoveDocument>
  /** All that the journal keeps of a move; asks no cell. */
  report(moveId: string): Promise<ReportDocument>
  /** Without filter: every move. `openOnly`: those that have not ended. */
  list(filter: { readonly org?: string; readonly state?: MoveState; readonly openOnly?: boolean }): Promise<ListDocument>
  verify(moveId: string, io: MoveIo): Promise<MoveDocument>
  abort(moveId: string, io: MoveIo): Promise<MoveDocument>
  /** Asks for another pace of a move, whichever process drives it. */
  throttle(moveId: string, orders: PaceOrders): Promise<MoveDocument>
  /** Makes the target's key pair, to whose public half secrets are sealed. */
  secretsKeygen(file: string): Promise<DoneDocument>
  secretsSeal(moveId: string, io: MoveIo): Promise<MoveDocument>
  secretsOpen(moveId: string, privateKeyFile: string, io: MoveIo): Promise<MoveDocument>
  purge(moveId: string, options: { readonly waiveRetention?: string }, io: MoveIo): Promise<MoveDocument>
}

/** `signal` is that of `MoveIo`, for the commands that get none: whatever they wait for should end with it. */
export type CreateApp = (settings: Settings, options: { readonly logger: Logger; readonly signal: AbortSignal }) => App | Promise<App>

export interface DemoOptions {
  /** Leave the cells running and say which configuration file leads to them. */
  readonly keep: boolean
  readonly progress: Progress
  readonly logger: Logger
  readonly signal: AbortSignal
  /** A line for the person who watches; goes to stderr, above the progress display. */
  readonly say: (line: string) => void
}
export type RunDemo = (options: DemoOptions) => Promise<MoveDocument>
