import type { MoveContext } from './context.js'

/**
 * Where `read_from` names replicas of the source: waits until each has replayed all that its primary has committed by now. Before it, no frozen row is read
 * from a replica. Throws OM2132, OM3020.
 */
export async function settleReplicas(ctx: MoveContext): Promise<void> {
  for (const { admin, replica } of ctx.cells.source.values()) {
    if (replica === null) continue
    ctx.progress({ kind: 'step', text: `reading from ${replica.label}` })
    await admin.use((primary) => replica.catchUp(primary, { holder: ctx.holder, timeoutMs: ctx.options.replicaTimeoutMs, onWaiting: (reason) => ctx.progress({ kind: 'waiting', reason }), signal: ctx.signal }))
  }
}
