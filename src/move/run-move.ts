import { MOVE_PHASES } from '../domain/vocabulary.js'
import type { MovePhase, Phase } from '../domain/vocabulary.js'
import type { MoveContext } from '../phases/context.js'
import { copy } from '../phases/copy.js'
import { cutover } from '../phases/cutover.js'
import { freeze } from '../phases/freeze.js'
import { prepare } from '../phases/prepare.js'
import type { PrepareInput } from '../phases/prepare.js'
import { repair } from '../phases/repair.js'
import { verify } from '../phases/verify.js'

/** What the runner asks of the record of phases. */
export interface PhaseLog {
  isDone(phase: MovePhase): boolean
  /** Whether the operator wants to look before this phase. Asked once a run. */
  pausesBefore(phase: MovePhase): Promise<boolean>
  begin(phase: Phase): Promise<void>
  end(phase: Phase): Promise<void>
}

/**
 * One move, from wherever it stands to retention or to a pause.
 *
 *   prepare   look at both cells, resolve whose every row is, find whatever could stop the move; write nothing to a cell;
 *             what lives outside PostgreSQL begins to replicate
 *   freeze    fence the organization's rows on source and target, wait out older transactions, fix the key sets
 *   copy      load chunk by chunk; the ledger on the target says what is there
 *   verify    where an earlier verification found differences: load those chunks again, a few times at most; then
 *             read both sides again; count, fingerprint, totals by another path, foreign keys
 *   cutover   read every gate again, flip the route by compare-and-swap: the point of no return
 *
 * Until the cutover the move can be completed or aborted; after it, only completed, and later purged. Every phase may be run
 * again: what it did is in the journal, in the ledger or in the route, never only in this process.
 */
export async function runMove(ctx: MoveContext, log: PhaseLog, input: PrepareInput): Promise<'done' | 'paused'> {
  const steps: Readonly<Record<MovePhase, () => Promise<void>>> = {
    prepare: () => prepare(ctx, input),
    freeze: () => freeze(ctx),
    copy: () => copy(ctx),
    verify: async () => {
      await repair(ctx)
      await verify(ctx)
    },
    cutover: () => cutover(ctx),
  }
  for (const phase of MOVE_PHASES) {
    if (log.isDone(phase)) continue
    ctx.signal.throwIfAborted()
    if (await log.pausesBefore(phase)) return 'paused'
    await log.begin(phase)
    await steps[phase]()
    await log.end(phase)
  }
  return 'done'
}
