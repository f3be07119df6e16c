import type { Settings } from '../config/settings.js'
import type { Throttle } from '../domain/documents.js'
import { Pace } from '../dataplane/pace.js'
import type { PaceOrders } from '../dataplane/pace.js'
import type { MoveContext } from '../phases/context.js'
import { Paused } from '../phases/paused.js'
import { throttleReasons } from '../phases/throttle-reasons.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { writeHeld } from './journal-guard.js'

interface ThrottleRow extends Record<string, unknown> {
  readonly orders: PaceOrders | null
  readonly waits_for: string | null
  readonly max_bytes_per_second: string | null
  readonly pause_requested: boolean
}

/** The pace of a move that this process drives: orders come by the journal, and what is waited for goes there. */
export function paceOf(ctx: Omit<MoveContext, 'pace'>, control: Session, settings: Settings, command: string): Pace {
  const { holder, progress } = ctx
  return new Pace({
    maxBytesPerSecond: settings.copy.maxBytesPerSecond,
    orders: async () => {
      // who asked the move to rest, or whose window is spent, does not wait for the pace; while it waits no chunk is marked that would tell
      ctx.journal.assertGoesOn()
      const row = await readThrottle(control, holder.moveId)
      if (row?.pause_requested === true) throw new Paused()
      return row?.orders ?? {}
    },
    reasons: throttleReasons(ctx, settings.throttle, command === 'purge' ? 'source' : 'target'),
    tell: async ({ waitsFor, maxBytesPerSecond }) => {
      progress({ kind: 'waiting', reason: waitsFor })
      await writeHeld(control, holder, 'tell-throttle', [waitsFor, maxBytesPerSecond])
    },
  })
}

/** By a command that drives no move: the driver hears of it within a second. What is left out stays as it was. */
export async function orderPace(control: Session, moveId: string, orders: PaceOrders): Promise<void> {
  await control.execute(sql('journal/order-throttle'), [moveId, JSON.stringify(orders)])
}

/** For documents. What a driver waits for counts as long as it drives. */
export async function throttleDocument(control: Session, moveId: string, isDriven: boolean): Promise<Throttle | null> {
  const row = await readThrottle(control, moveId)
  if (row === null || row.orders === null) return null
  const { maxBytesPerSecond, paused } = row.orders
  const inForce = row.max_bytes_per_second === null ? null : Number(row.max_bytes_per_second)
  return { maxBytesPerSecond: maxBytesPerSecond === undefined ? inForce : maxBytesPerSecond, paused: paused === true, waitsFor: isDriven ? row.waits_for : null }
}

async function readThrottle(control: Session, moveId: string): Promise<ThrottleRow | null> {
  const [row] = await control.rows<ThrottleRow>(sql('journal/throttle'), [moveId])
  return row ?? null
}
