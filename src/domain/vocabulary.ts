/** The order of a maintenance-window move. This one list drives the runner, `status`, `--pause-before`, help and docs. */
export const PHASES = ['prepare', 'freeze', 'copy', 'verify', 'cutover', 'purge'] as const
export type Phase = (typeof PHASES)[number]

/** Phases that `move` and `resume` run; `purge` is a command of its own, after the retention. */
export const MOVE_PHASES = ['prepare', 'freeze', 'copy', 'verify', 'cutover'] as const satisfies readonly Phase[]
export type MovePhase = (typeof MOVE_PHASES)[number]

export const MOVE_STATES = [
  'created',
  'running',
  'paused',
  'failed',
  'cut_over',
  'purging',
  'completed',
  'aborting',
  'aborted',
] as const
export type MoveState = (typeof MOVE_STATES)[number]

/** States in which a move holds nothing any more: another move of the same organization may begin. */
export const ENDED_STATES = ['completed', 'aborted'] as const satisfies readonly MoveState[]

/** What a participant, which holds what lives outside PostgreSQL, can be asked, in the order of a move; the last one in that of an abort. */
export const PARTICIPANT_VERBS = ['check', 'replicate', 'lag', 'final_sync', 'verify', 'cutover', 'purge', 'purge_tracking', 'abort'] as const
export type ParticipantVerb = (typeof PARTICIPANT_VERBS)[number]

export const STRATEGIES = ['skip', 'lookup', 'shared', 'query'] as const
export type Strategy = (typeof STRATEGIES)[number]

export type TableClass = 'root' | 'sharded' | 'exempt' | 'unclassified'
export type Origin = 'dictionary' | 'config' | 'inferred'
export type Side = 'source' | 'target'
