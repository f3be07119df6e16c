import { MoverError } from '../domain/errors.js'
import type { Holder } from '../dataplane/guard.js'
import type { Session } from '../postgres/session.js'
import { described, isFlipped } from '../routing/router.js'
import type { Route, Router } from '../routing/router.js'
import { updateMove } from './journal.js'
import type { MovePatch } from './journal.js'
import type { MoveRow } from './move-row.js'

interface CommitPointOptions {
  /** With the control database. */
  readonly session: Session
  readonly holder: Holder
  readonly router: Router
  readonly retentionMs: number
}

/** The move's row as last read, and the way to change it. */
interface RowOfMove {
  readonly row: MoveRow
  update(patch: MovePatch): Promise<void>
}

/**
 * The one transaction after which the target serves the organization (P7, decision 007): the route flips by compare-and-swap, and the
 * journal says so in the same transaction or, where routing is elsewhere, before and after it. What was not answered is read, never guessed.
 */
export class CommitPoint {
  readonly #options: CommitPointOptions
  readonly #journal: RowOfMove

  constructor(options: CommitPointOptions, journal: RowOfMove) {
    this.#options = options
    this.#journal = journal
  }

  /**
   * Whether the route has flipped for this move, by a row that was just read. With routing elsewhere the flip may have committed without its
   * answer: then the route decides, and the journal is made to agree. OM5001 where the route is what neither would have made of it.
   */
  async isPassed(): Promise<boolean> {
    const { row } = this.#journal
    if (row.cutOverAt !== null) return true
    if (row.manifest['flipping'] !== true) return false
    const route = await this.#options.router.read(row.org)
    const flipped = isFlipped(route, { to: row.target, epoch: row.routeEpoch })
    if (flipped) await this.#journal.update(this.#patch(route?.epoch ?? null))
    else if (route?.cell === row.source) await this.#withdrawIntent(route.epoch)
    else if (route?.cell === row.target) throw flippedByAnother(row, route)
    return flipped
  }

  /** Flips the route. OM5002 where the outcome is not known; any other error says that it has not flipped. */
  async pass(): Promise<void> {
    await (this.#options.router.isTransactionalWith(this.#options.session) ? this.#withJournal() : this.#elsewhere())
  }

  /** Only an error of COMMIT itself leaves the outcome open. */
  async #withJournal(): Promise<void> {
    const { session, holder } = this.#options
    await session.execute('BEGIN ISOLATION LEVEL READ COMMITTED')
    try {
      const { epoch } = await this.#flip()
      await updateMove(session, holder, this.#patch(epoch))
    } catch (error) {
      await session.execute('ROLLBACK').catch(() => session.destroy())
      throw error
    }
    await session.execute('COMMIT').catch((error: unknown) => {
      session.destroy()
      throw outcomeUnknown(this.#journal.row, error)
    })
  }

  /** The intent is journaled first, so that a later process knows to ask the route. */
  async #elsewhere(): Promise<void> {
    await this.#journal.update({ manifest: { flipping: true } })
    const { epoch } = await this.#flip().catch((error: unknown) => {
      throw error instanceof MoverError && (error.code === 'OM3002' || error.code === 'OM5002') ? outcomeUnknown(this.#journal.row, error) : error
    })
    await this.#journal.update(this.#patch(epoch))
  }

  async #flip(): Promise<{ readonly epoch: bigint | null }> {
    const { org, source, target, routeEpoch } = this.#journal.row
    return this.#options.router.flip({ org, from: source, to: target, epoch: routeEpoch })
  }

  /**
   * An earlier driver may sleep right before its flip, out of this journal's reach: the route's epoch is raised, by compare-and-swap, so that
   * its flip fails when it wakes up. Without an epoch column nothing can stop it. Throws OM5001 where it was faster: run again, the route is read.
   */
  async #withdrawIntent(found: bigint | null): Promise<void> {
    const { org, source } = this.#journal.row
    const { epoch } = await this.#options.router.flip({ org, from: source, to: source, epoch: found })
    await this.#journal.update({ routeEpoch: epoch, manifest: { flipping: false } })
  }

  #patch(epoch: bigint | null): MovePatch {
    return { state: 'cut_over', cutOverAt: 'now', thawedAt: 'now', retentionMs: this.#options.retentionMs, manifest: { routeEpochAfter: epoch === null ? null : String(epoch) } }
  }
}

/** Neither what this move would have made of it nor what it was: to load, delete or unfence anything would be to guess. */
function flippedByAnother(row: MoveRow, route: Route): MoverError {
  return new MoverError({
    code: 'OM5001',
    message: `this move had begun to flip the route of organization ${row.org}, and now it is ${described(route)}, which is not what the flip makes of it (epoch ${(row.routeEpoch ?? 0n) + 1n}); nothing was changed, and both fences are up`,
    hint: `find out who changed it, and set it back to ${row.source}, or to ${row.target} at that epoch; then run \`org-mover resume ${row.id}\``,
    retry: 'after-fix',
  })
}

function outcomeUnknown(row: MoveRow, cause: unknown): MoverError {
  const why = cause instanceof MoverError && cause.code === 'OM5002' ? cause.message : `the connection was lost between the cutover's commit and its answer: whether organization ${row.org} is on ${row.source} or ${row.target} is not known here`
  return new MoverError({
    code: 'OM5002',
    message: `${why}; both fences are up`,
    hint: `run \`org-mover resume ${row.id}\`: it reads the route and decides`,
    retry: 'safe',
    cause,
  })
}
