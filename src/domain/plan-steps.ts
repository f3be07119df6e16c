import { MOVE_PHASES } from './vocabulary.js'
import type { MovePhase } from './vocabulary.js'

export interface PlanStep {
  readonly phase: MovePhase | 'purge'
  readonly text: string
  /** What the cells do with the organization's writes while it runs. */
  readonly writes: 'source' | 'nobody' | 'target'
}

export interface StepNames {
  readonly source: string
  readonly target: string
  readonly tables: number
  readonly rows: number
  readonly hooks: { readonly enter: number; readonly ready: number; readonly leave: number }
}

/** What a move will do, in the order of its phases. Pure. */
export function planSteps({ source, target, tables, rows, hooks }: StepNames): readonly PlanStep[] {
  const of: Readonly<Record<MovePhase, readonly PlanStep[]>> = {
    prepare: [{ phase: 'prepare', writes: 'source', text: 'everything above is looked at again; any error ends the move with nothing changed' }],
    freeze: [
      ...(hooks.enter + hooks.ready === 0 ? [] : [{ phase: 'freeze', writes: 'source', text: `${hooks.enter} maintenance hook(s) run, ${hooks.ready} readiness probe(s) must read zero twice` } as const]),
      { phase: 'freeze', writes: 'nobody', text: `${tables} tables are fenced on ${source}, one short transaction each, then older transactions are waited out; then the same on ${target}` },
    ],
    copy: [{ phase: 'copy', writes: 'nobody', text: `about ${rows} rows are copied in chunks; each chunk and its record are one transaction on ${target}` }],
    verify: [{ phase: 'verify', writes: 'nobody', text: 'both sides are read again, apart from the copy: fingerprints, totals, foreign keys' }],
    cutover: [
      { phase: 'cutover', writes: 'nobody', text: `every gate is read again, then the route flips to ${target} by compare-and-swap: the point of no return` },
      { phase: 'cutover', writes: 'target', text: `the fence on ${target} is lifted${hooks.leave === 0 ? '' : `, ${hooks.leave} maintenance hook(s) run`}; ${source} stays fenced` },
    ],
  }
  return [
    ...MOVE_PHASES.flatMap((phase) => of[phase]),
    { phase: 'purge', writes: 'target', text: `a command of its own, after the retention: deletes on ${source} what is still byte for byte what was verified` },
  ]
}
