import type { Hook, ThrottleSettings } from '../config/settings.js'
import { MoverError } from '../domain/errors.js'
import type { Side } from '../domain/vocabulary.js'
import { applicationName } from '../dataplane/names.js'
import type { Reason } from '../dataplane/pace.js'
import { sql } from '../postgres/sql.js'
import type { MoveContext } from './context.js'
import { callThrottleProbe } from './hooks.js'

/** A probe that fails so often in a row stops the move; before that, a failure is a reason to wait. */
const PROBE_FAILURES = 3

/** What a move waits for between chunks, as configured; `side` is the one that it writes to. */
export function throttleReasons(ctx: Omit<MoveContext, 'pace'>, throttle: ThrottleSettings, side: Side): readonly Reason[] {
  return [
    ...([['replica', throttle.maxReplicaLagBytes], ['slot', throttle.maxWalBacklogBytes]] as const).flatMap(([kind, most]) => (most === null ? [] : [behind(ctx, side, kind, most)])),
    ...(throttle.maxLockWaits === null ? [] : [lockWaits(ctx, side, throttle.maxLockWaits)]),
    ...throttle.probes.map((probe, n) => probed(ctx, probe, n + 1)),
  ]
}

function behind(ctx: Omit<MoveContext, 'pace'>, side: Side, kind: 'replica' | 'slot', most: number): Reason {
  return async () => {
    for (const cell of ctx.cells[side].values()) {
      const rows = await cell.admin.use((session) => session.rows<{ kind: string; name: string; behind: string | null }>(sql('throttle/replication')))
      for (const row of rows) {
        if (row.kind !== kind) continue
        if (row.behind === null) throw new MoverError({ code: 'OM2010', message: `${cell.label}: the role may not see how far replica ${row.name} is behind, which throttle.max_replica_lag_bytes asks for; nothing more was loaded`, hint: 'GRANT pg_read_all_stats TO the role, or leave the key out; then run `org-mover resume`', retry: 'after-fix' })
        if (Number(row.behind) > most) return `${kind} ${row.name} of ${cell.label}, ${row.behind} bytes of the log behind (limit ${most})`
      }
    }
    return null
  }
}

function lockWaits(ctx: Omit<MoveContext, 'pace'>, side: Side, most: number): Reason {
  return async () => {
    for (const cell of ctx.cells[side].values()) {
      const { waiting } = await cell.admin.use((session) => session.one<{ waiting: number }>(sql('throttle/lock-waits'), [applicationName(ctx.holder.moveId)]))
      if (waiting > most) return `${waiting} other session(s) of ${cell.label}, which wait for locks (limit ${most})`
    }
    return null
  }
}

function probed(ctx: Omit<MoveContext, 'pace'>, probe: Hook, no: number): Reason {
  let failures = 0
  return async () => {
    try {
      const text = (await callThrottleProbe(ctx, probe)).trim()
      const value = Number(text)
      if (text === '' || !Number.isFinite(value)) throw new MoverError({ code: 'OM3011', message: `throttle probe ${no} did not yield one number; what was loaded stays`, hint: 'repair the probe, then run `org-mover resume`', retry: 'after-fix' })
      failures = 0
      return value > 0 ? `probe ${no}, which reads ${value}` : null
    } catch (error) {
      ctx.signal.throwIfAborted()
      failures += 1
      if (failures >= PROBE_FAILURES || !(error instanceof MoverError)) throw error
      return `probe ${no}: ${error.message}`
    }
  }
}
