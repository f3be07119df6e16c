import type { MoveDocument } from '../../domain/documents.js'
import { formatDuration } from '../../domain/durations.js'
import type { MoverError } from '../../domain/errors.js'
import type { MovePhase, MoveState, Phase } from '../../domain/vocabulary.js'
import { applicationName } from '../../dataplane/names.js'
import { cellNamed, openForChecks } from '../cells.js'
import type { Connections } from '../connections.js'
import { drive } from '../drive.js'
import { listPhaseRuns } from '../journal-phases.js'
import { countArriving, createMove, findRetainingMove, loadMove } from '../journal.js'
import { moveDocument } from '../move-document.js'
import type { MoveRow } from '../move-row.js'
import { runMove } from '../run-move.js'
import { awaitsSecrets } from '../staged-move.js'
import { whoAmI } from '../who-am-i.js'
import { takeBackWhenSpent, windowNotice } from '../window-limit.js'
import { assertDictionary } from '../wrong-dictionary.js'
import { assertAbortable, assertDidNotRest, assertResumable } from './assert-fits.js'
import { declined, settled } from './command-io.js'
import type { MoveIo } from './command-io.js'
import { sourceOf } from './endpoints.js'
import type { MoveRequest } from './endpoints.js'

export interface ResumeOptions {
  /** A new limit of the window. */
  readonly maxWindowMs?: number
  /** From a driver that is at work, too. */
  readonly takeOver?: boolean
}

export async function move(at: Connections, request: MoveRequest & { readonly pauseBefore?: Phase; readonly maxWindowMs?: number }, io: MoveIo): Promise<MoveDocument> {
  const control = await at.ready()
  const source = await sourceOf(at, request)
  await assertDictionary({ settings: at.settings, cell: source, open: at.openCell })
  const retaining = await findRetainingMove(control, request.org, request.to)
  const lines = [
    `move organization ${request.org} from ${source} to ${request.to}`,
    `prepare looks at both cells and stops at any finding; from the freeze on, ${source} rejects writes to the organization`,
    request.pauseBefore === undefined ? 'the route flips when verification has passed' : `pauses before ${request.pauseBefore}`,
    ...(request.maxWindowMs === undefined ? [] : [`it does not begin if the window is estimated longer than ${formatDuration(request.maxWindowMs)}, and takes itself back when that is spent before the cutover`]),
  ]
  if (retaining === null && !(await io.confirm(lines))) throw declined()
  const limits = new Map([...at.settings.cells.values()].flatMap(({ name, maxMoves }) => (maxMoves === null ? [] : [[name, maxMoves]])))
  const created = await createMove(control, { org: request.org, source, target: request.to, pauseBefore: request.pauseBefore ?? null, createdBy: whoAmI(), maxWindowMs: request.maxWindowMs ?? null }, limits)
  return run(at, created, 'move', io)
}

export async function resume(at: Connections, moveId: string, io: MoveIo, options: ResumeOptions = {}): Promise<MoveDocument> {
  const control = await at.ready()
  const found = await loadMove(control, moveId)
  if (found.state === 'completed' || found.state === 'aborted') return settled(await moveDocument(control, found.id))
  assertResumable(found)
  const runs = await listPhaseRuns(control, found.id)
  if (found.state === 'cut_over' && runs.some((one) => one.phase === 'cutover' && one.outcome === 'done')) return settled(await moveDocument(control, found.id))
  if (!(await io.confirm([`resume the move of organization ${found.org} from ${found.source} to ${found.target} (${found.state}${found.phase === null ? '' : `, ${found.phase}`})`, ...[windowNotice(found, options.maxWindowMs ?? null), options.takeOver === true ? null : driverNotice(found)].filter((line) => line !== null)]))) throw declined()
  // a driver that is at work is not taken from on one careless answer
  if (options.takeOver === true && (found.leaseSecondsLeft ?? 0) > 0 && !(await io.confirm([`${found.leaseHolder ?? 'another process'} drives this move, and was heard of ${Math.round(found.heardSeconds)} s ago: take it from there? What it has under way is rolled back, and it ends`]))) throw declined()
  return run(at, found, 'resume', io, options)
}

/** Somebody else is at work: told before the question, since after it the answer is OM3004. */
function driverNotice({ leaseHolder, leaseSecondsLeft, heardSeconds }: MoveRow): string | null {
  if (leaseHolder === null || (leaseSecondsLeft ?? 0) <= 0) return null
  return `${leaseHolder} drives it and was heard of ${Math.round(heardSeconds)} s ago: while that process lives this is refused; --take-over takes the move from it, and \`org-mover pause\` asks it to rest`
}

async function run(at: Connections, row: MoveRow, command: string, io: MoveIo, resumed: ResumeOptions = {}): Promise<MoveDocument> {
  const { settings } = at
  const after = { state: endsUntouched }
  const options = await at.driveOptions(row, command, io, (move) => {
    assertResumable(move)
    assertDidNotRest(move, row)
  })
  const document = await drive({ ...options, ...resumed, keepsWindow: true }, after, async ({ ctx, journal, phases }) => {
    if (journal.row.cutOverAt === null) await journal.update({ state: 'running', error: null })
    const asked = { ...phases, pausesBefore: async (phase: MovePhase) => (await phases.pausesBefore(phase)) || (await awaitsSecrets(ctx, journal, phase)) || (phase === 'cutover' && settings.confirmCutover && !(await mayFlip(row, io))) }
    // under the move's name: what an earlier driver left half open does not count among the transactions that a freeze waits for
    const name = applicationName(ctx.holder.moveId, ctx.holder.epoch)
    const outcome = await runMove(ctx, asked, {
      tenancy: settings.tenancy,
      open: (side, database) => openForChecks(settings, side === 'source' ? row.source : row.target, database, name),
      capacity: cellNamed(settings, row.target).capacity,
      arriving: () => countArriving(options.control, row.target, row.org),
    })
    if (outcome === 'paused') await journal.update({ state: 'paused' })
    else await journal.update({ error: null })
  })
  return takeBackWhenSpent(document, { ...options, assertFits: assertAbortable })
}

/** A move that has touched nothing, and would stop at the same again, ends: the next one can begin. What may just be run again stays, and so does what a bug left. */
function endsUntouched({ code, retry }: MoverError, isUntouched: boolean): MoveState {
  return isUntouched && retry !== 'safe' && !code.startsWith('OM9') ? 'aborted' : 'failed'
}

/** A person's go, at the last moment. */
function mayFlip({ org, source, target }: MoveRow, io: MoveIo): Promise<boolean> {
  return io.confirm([`verification passed. Flip the route of organization ${org} from ${source} to ${target}? This is the point of no return`])
}
