import type { Finding } from '../domain/finding.js'
import type { Session } from '../postgres/session.js'

/** Which cell serves an organization. */
export interface Route {
  readonly cell: string
  /** Raised by every change; null where the routing table has no epoch. */
  readonly epoch: bigint | null
}

export interface Flip {
  readonly org: string
  readonly from: string
  readonly to: string
  /** As read when the move began; null where the routing table has no epoch. */
  readonly epoch: bigint | null
}

/** The port to whatever sends an organization's requests to its cell. */
export interface Router {
  /**
   * Null where routing knows nothing of the organization. Called at the start of a move, before the cutover, and to decide
   * whether a flip whose answer was lost has happened. Throws OM1001 or OM1005 where the route cannot be understood; never guesses.
   */
  read(org: string): Promise<Route | null>
  /** First route of an organization, or repair by hand: whatever stands there is replaced, and the epoch raised. */
  set(org: string, cell: string): Promise<Route>
  /**
   * The point of no return: compare-and-swap on (org, from, epoch) to `to`, raising the epoch by one. Done when it resolves, or, inside of a
   * transaction of the session, when that commits. Throws OM5001, with nothing changed, where the route is another; OM3002 or OM5002 where it is
   * not known whether the route has flipped. Not to be repeated blindly: after a lost answer, `read` decides. `from` and `to` may be the same: then only the epoch is raised.
   */
  flip(flip: Flip): Promise<{ readonly epoch: bigint | null }>
  /**
   * Whether `flip` could be written, asked before anything is fenced: nothing stays of what is tried. Yields what is in the way; throws where
   * the route cannot be understood or reached.
   */
  rehearse(flip: Omit<Flip, 'epoch'>): Promise<readonly Finding[]>
  /** How many organizations a cell serves, counted up to `most`; null where this router cannot tell. */
  count(cell: string, most: number): Promise<number | null>
  /** Whether a transaction of that session covers `flip`, so that journal and route commit together. */
  isTransactionalWith(control: Session): boolean
}

/** Whether the route is what `flip` would have made of it. */
export function isFlipped(route: Route | null, { to, epoch }: Pick<Flip, 'to' | 'epoch'>): boolean {
  return route?.cell === to && (route.epoch === null || route.epoch === (epoch ?? 0n) + 1n)
}

export function described(route: Route | null): string {
  if (route === null) return 'gone'
  return `on ${route.epoch === null ? route.cell : `${route.cell} at epoch ${route.epoch}`}`
}
