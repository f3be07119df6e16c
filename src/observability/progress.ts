import type { MoveState, Phase } from '../domain/vocabulary.js'

/** What phases tell about themselves while they run. `src/cli` draws it; the data plane and the phases only call it. */
export type ProgressEvent =
  | MoveStanding
  | { readonly kind: 'phase'; readonly phase: Phase; readonly state: 'started' | 'done' }
  /** What the copy has before it; rows may be an estimate. Sent again on resume with what is left. */
  | { readonly kind: 'total'; readonly rows: number; readonly tables: number }
  | { readonly kind: 'table'; readonly table: string; readonly state: 'started' | 'done'; readonly rows: number | null }
  /** Since the last event of this table. */
  | { readonly kind: 'moved'; readonly table: string; readonly rows: number; readonly bytes: number }
  /** Why nothing moves right now, or null when it goes on. */
  | { readonly kind: 'waiting'; readonly reason: string | null }
  | { readonly kind: 'step'; readonly text: string }

/** Which move is driven, and how it stands; told again whenever its row in the journal was read. */
interface MoveStanding {
  readonly kind: 'move'
  readonly moveId: string
  readonly org: string
  readonly source: string
  readonly target: string
  readonly state: MoveState
  /** For how long writes have been rejected; null where nothing is frozen, or not any more. */
  readonly frozenForMs: number | null
  readonly maxWindowMs: number | null
}

export type Progress = (event: ProgressEvent) => void

export const silent: Progress = () => undefined

export function toAll(listeners: readonly Progress[]): Progress {
  return (event) => {
    for (const listener of listeners) listener(event)
  }
}
