import type { ErrorDocument, Verification } from '../domain/documents.js'
import { MoverError } from '../domain/errors.js'
import type { WindowEstimate } from '../domain/estimate.js'
import type { Finding } from '../domain/finding.js'
import type { MoveState, Phase } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'
import type { Holder } from './journal-guard.js'
import { newMoveId } from './move-id.js'
import { headOf, moveOf } from './move-row.js'
import type { MoveHead, MoveHeadRecord, MoveRecord, MoveRow } from './move-row.js'

/** The moves themselves. What belongs to a move stands in journal-tables, journal-chunks, journal-phases, created-objects and journal-events. */

const LIMITS_LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('org_mover moves of a cell', 0))`

export interface NewMove {
  readonly org: string
  readonly source: string
  readonly target: string
  readonly pauseBefore: Phase | null
  /** Who asked for it, e.g. `user@host`. */
  readonly createdBy: string
  readonly maxWindowMs?: number | null
}

/**
 * Enters a move in state `created`, epoch 0; nobody holds its lease yet. Throws OM2005 where the target still retains the
 * organization from an earlier move away from it, OM2003 where another move of the organization has not ended, OM3013 where one of
 * the cells has as many moves as `limits` allows: counted and entered under one lock, so that no two machines pass together.
 */
export async function createMove(session: Session, move: NewMove, limits: ReadonlyMap<string, number> = new Map()): Promise<MoveRow> {
  const retaining = await findRetainingMove(session, move.org, move.target)
  if (retaining !== null) throw retained(move, retaining)
  return session.transaction('READ COMMITTED', async () => {
    if (limits.size > 0) await session.execute(LIMITS_LOCK)
    for (const cell of [move.source, move.target]) await assertBelowLimit(session, cell, limits.get(cell) ?? null)
    return enter(session, move)
  })
}

/** Organizations other than `org` whose moves to the cell have neither cut over nor ended. */
export async function countArriving(session: Session, cell: string, org: string): Promise<number> {
  return Number((await session.one<{ moves: string }>(sql('journal/arriving'), [cell, org])).moves)
}

async function assertBelowLimit(session: Session, cell: string, limit: number | null): Promise<void> {
  if (limit === null) return
  const moves = await session.rows<{ id: string; org: string }>(sql('journal/under-way'), [cell])
  if (moves.length < limit) return
  throw new MoverError({
    code: 'OM3013',
    message: `${moves.length} move(s) from or to ${cell} are under way, and max_moves allows ${limit}: ${moves.slice(0, 5).map(({ id, org }) => `${id} of organization ${org}`).join(', ')}. Nothing was begun`,
    hint: 'run the command again when one of them has cut over or was aborted',
    retry: 'safe',
  })
}

async function enter(session: Session, move: NewMove): Promise<MoveRow> {
  const [record] = await session.rows<MoveRecord>(sql('journal/create-move'), [newMoveId(), move.org, move.source, move.target, move.pauseBefore, move.createdBy, move.maxWindowMs ?? null])
  if (record === undefined) throw await alreadyMoving(session, move.org)
  return moveOf(record)
}

/** An earlier move away from `cell` whose rows there have not been purged, or null. The organization cannot move back there before that. */
export async function findRetainingMove(session: Session, org: string, cell: string): Promise<{ readonly id: string; readonly state: MoveState } | null> {
  const [row] = await session.rows<{ id: string; state: MoveState }>(sql('journal/retaining-move'), [org, cell])
  return row ?? null
}

/** The move whose id begins with `idPrefix` (any case). Throws OM1007 where none does, or several. */
export async function loadMove(session: Session, idPrefix: string): Promise<MoveRow> {
  const prefix = idPrefix.toLowerCase()
  const records = /^[0-9a-f-]{1,36}$/.test(prefix) ? await session.rows<MoveRecord>(sql('journal/load-moves'), [prefix]) : []
  const [record] = records
  if (record === undefined || records.length > 1) {
    throw new MoverError({
      code: 'OM1007',
      message: record === undefined ? `no move has the id ${idPrefix}` : `several moves have an id that begins with ${idPrefix}`,
      hint: '`org-mover list` shows the moves and their ids',
      retry: 'never',
    })
  }
  return moveOf(record)
}

/** Moves, the newest first. Without `states`, those of every state. */
export async function listMoves(session: Session, filter: { readonly org?: string; readonly states?: readonly MoveState[] } = {}): Promise<MoveHead[]> {
  const records = await session.rows<MoveHeadRecord>(sql('journal/list-moves'), [filter.org ?? null, filter.states ?? null])
  return records.map(headOf)
}

/** What changes; what is left out stays as it is. */
export interface MovePatch {
  readonly state?: MoveState
  readonly phase?: Phase | null
  readonly pauseBefore?: Phase | null
  readonly routeEpoch?: bigint | null
  readonly plan?: unknown
  /** Merged into the manifest, member by member. */
  readonly manifest?: Readonly<Record<string, unknown>>
  /** Merged into the verification, member by member. */
  readonly verification?: Partial<Verification>
  /** Replaces all findings. */
  readonly findings?: readonly Finding[]
  readonly error?: ErrorDocument | null
  /** Instants by the control server's clock; once set they stay, however often a phase is run again. */
  readonly frozenAt?: 'now'
  readonly thawedAt?: 'now'
  readonly cutOverAt?: 'now'
  readonly endedAt?: 'now'
  /** Retention ends so long after now. */
  readonly retentionMs?: number
  readonly maxWindowMs?: number | null
  readonly estimate?: WindowEstimate | null
}

/** Changes a move in one statement. Throws OM3005 where the lease was lost; then nothing has changed. Locks the row of the move. */
export async function updateMove(session: Session, holder: Holder, patch: MovePatch): Promise<void> {
  await writeHeld(session, holder, 'update-move', [JSON.stringify(patch, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))])
}

function retained(move: NewMove, earlier: { readonly id: string; readonly state: MoveState }): MoverError {
  return new MoverError({
    code: 'OM2005',
    message: `cell ${move.target} still retains organization ${move.org} from move ${earlier.id} (${earlier.state})`,
    hint: `run \`org-mover purge ${earlier.id}\` first`,
    retry: 'after-fix',
    context: { moveId: earlier.id },
  })
}

async function alreadyMoving(session: Session, org: string): Promise<MoverError> {
  const [active] = await session.rows<{ id: string; state: MoveState; source: string; target: string }>(sql('journal/active-move'), [org])
  return new MoverError({
    code: 'OM2003',
    message:
      active === undefined
        ? `organization ${org} had another move a moment ago, which has just ended; nothing was begun`
        : `organization ${org} has a move that has not ended: ${active.id} from ${active.source} to ${active.target} (${active.state})`,
    hint: active === undefined ? 'run the command again' : nextOf(active),
    retry: active === undefined ? 'safe' : 'after-fix',
    context: { moveId: active?.id ?? null },
  })
}

function nextOf(active: { readonly id: string; readonly state: MoveState }): string {
  return active.state === 'cut_over' || active.state === 'purging'
    ? `run \`org-mover purge ${active.id}\` first`
    : `run \`org-mover resume ${active.id}\` or \`org-mover abort ${active.id}\` first`
}
