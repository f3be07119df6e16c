import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createMove, loadMove, updateMove } from '../../src/move/journal.js'
import { acquireLease, Lease } from '../../src/move/lease.js'
import { assertNoLeaks } from '../support/leak-check.js'
import { freshControl } from '../support/control.js'

const MOVE = { org: '42', source: 'cell-a', target: 'cell-b', pauseBefore: null, createdBy: 'sre@host' } as const

describe('the lease of a move (P6)', () => {
  test('is had by one process only, and the other is told by whom and until when', async () => {
    await using control = await freshControl()
    const { id } = await createMove(control.session, MOVE)
    const sessions = await Promise.all(Array.from({ length: 4 }, () => control.connect()))
    const taken = await Promise.allSettled(sessions.map((session, n) => acquireLease(session, id, `process ${n}`, 60_000)))
    expect(taken.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    const { leaseHolder, leaseUntil } = await loadMove(control.session, id)
    for (const result of taken) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OM3004', retry: 'safe', message: expect.stringContaining(leaseHolder ?? '-') })
    }
    await expect(acquireLease(control.session, id, 'late', 60_000)).rejects.toMatchObject({ message: expect.stringContaining(leaseUntil?.toISOString() ?? '-') })
    await expect(acquireLease(control.session, '00000000-0000-7000-8000-000000000000', 'x', 1)).rejects.toMatchObject({ code: 'OM1007' })
  })

  test('lasts as long as its heartbeat, and is free at once after release', async () => {
    await using control = await freshControl()
    const { id } = await createMove(control.session, MOVE)
    const { epoch } = await acquireLease(control.session, id, 'one', 300)
    const lease = Lease.keep({ connect: control.connect, holder: { moveId: id, epoch }, leaseMs: 300 })
    await sleep(900)
    await expect(acquireLease(control.session, id, 'two', 300)).rejects.toMatchObject({ code: 'OM3004' })
    expect(lease.signal.aborted).toBe(false)
    await Promise.all([lease.release(), lease.release()])
    expect(await acquireLease(control.session, id, 'two', 60_000)).toEqual({ epoch: epoch + 1n })
    expect(lease.signal.aborted).toBe(false)
  })

  test('passes to another process after silence; who wakes up then finds it lost and writes nothing', async () => {
    await using control = await freshControl()
    const { id } = await createMove(control.session, MOVE)
    const old = { moveId: id, ...(await acquireLease(control.session, id, 'one', 20)) }
    const successor = { moveId: id, ...(await untilTaken(() => acquireLease(control.session, id, 'two', 60_000))) }
    await using lease = Lease.keep({ connect: control.connect, holder: old, leaseMs: 150 })
    const reason = await aborted(lease.signal)
    expect(reason).toMatchObject({ code: 'OM3005' })
    await expect(updateMove(control.session, old, { state: 'failed' })).rejects.toMatchObject({ code: 'OM3005' })
    await lease.release()
    expect(await loadMove(control.session, id)).toMatchObject({ state: 'created', leaseHolder: 'two', epoch: successor.epoch })
  })

  test('outlives a lost connection', async () => {
    await using control = await freshControl()
    const { id } = await createMove(control.session, MOVE)
    const { epoch } = await acquireLease(control.session, id, 'one', 900)
    let connections = 0
    const connect = async () => {
      connections += 1
      const session = await control.connect()
      if (connections === 1) await control.database.query('SELECT pg_terminate_backend($1)', [session.backendPid])
      return session
    }
    await using lease = Lease.keep({ connect, holder: { moveId: id, epoch }, leaseMs: 900 })
    await expect.poll(() => connections, { timeout: 5_000 }).toBe(2)
    await sleep(900)
    expect(lease.signal.aborted).toBe(false)
    await expect(acquireLease(control.session, id, 'two', 900)).rejects.toMatchObject({ code: 'OM3004' })
  })

  test('is given up in time when the control database does not answer', async () => {
    await using control = await freshControl()
    const { id } = await createMove(control.session, MOVE)
    const { epoch } = await acquireLease(control.session, id, 'one', 300)
    const blocker = await control.database.connect()
    await blocker.query('BEGIN')
    await blocker.query('SELECT FROM org_mover.move FOR UPDATE')
    const startedMs = performance.now()
    const lease = Lease.keep({ connect: control.connect, holder: { moveId: id, epoch }, leaseMs: 300 })
    expect(await aborted(lease.signal)).toMatchObject({ code: 'OM3005' })
    expect(performance.now() - startedMs).toBeLessThan(600)
    await blocker.query('ROLLBACK')
    await lease.release()
  })

  test('leaves no session behind when it cannot connect in time', async () => {
    await using control = await freshControl()
    const { id } = await createMove(control.session, MOVE)
    const { epoch } = await acquireLease(control.session, id, 'one', 120)
    const late: Promise<unknown>[] = []
    const connect = () => {
      const opened = sleep(300).then(control.connect)
      late.push(opened)
      return opened
    }
    const lease = Lease.keep({ connect, holder: { moveId: id, epoch }, leaseMs: 120 })
    await aborted(lease.signal)
    await lease.release()
    await Promise.all(late)
    await control.session[Symbol.asyncDispose]()
    await assertNoLeaks(control.database)
  })
})

async function aborted(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return signal.reason
}

async function untilTaken<T>(take: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await take()
    } catch (error) {
      expect(error).toMatchObject({ code: 'OM3004' })
      await sleep(10)
    }
  }
}
