import { describe, expect, test } from 'vitest'
import { Pace } from '../../src/dataplane/pace.js'
import type { PaceOptions, PaceOrders } from '../../src/dataplane/pace.js'

const SIGNAL = new AbortController().signal

interface Paced {
  readonly pace: Pace
  readonly told: unknown[]
  orders: PaceOrders
  reason: string | null
}

function paced(options: Partial<PaceOptions> = {}): Paced {
  const told: unknown[] = []
  const state: Paced = {
    told,
    orders: {},
    reason: null,
    pace: new Pace({ maxBytesPerSecond: null, orders: async () => state.orders, reasons: [async () => state.reason, async () => 'a later reason'], tell: async (standing) => void told.push(standing), everyMs: 1, ...options }),
  }
  return state
}

describe('the pace of a move', () => {
  test('between chunks waits for the first reason there is, and says so once', async () => {
    const state = paced({ reasons: [async () => state.reason, async () => (state.reason === 'first' ? 'second' : null)] })
    state.reason = 'first'
    let asked = 0
    const turns = Promise.all([state.pace.turn(SIGNAL), state.pace.turn(SIGNAL)])
    while (state.told.length === 0 || (asked += 1) < 20) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(state.told).toEqual([{ waitsFor: 'first', maxBytesPerSecond: null }])
    state.reason = null
    await turns
    expect(state.told.slice(1)).toEqual([{ waitsFor: null, maxBytesPerSecond: null }])
  })

  test('a pause comes before all, and ends with its order or with the signal', async () => {
    const state = paced({ reasons: [async () => 'never asked'] })
    state.orders = { paused: true }
    const abort = new AbortController()
    const turn = state.pace.turn(abort.signal)
    while (state.told.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(state.told).toMatchObject([{ waitsFor: expect.stringContaining('an operator') as string }])
    abort.abort(new Error('stopped'))
    await expect(turn).rejects.toThrow()
  })

  test('a reason that fails stops the move', async () => {
    await expect(paced({ reasons: [() => Promise.reject(new Error('no answer'))] }).pace.turn(SIGNAL)).rejects.toThrow('no answer')
  })

  test('a probe that is slow is not asked by each stream', async () => {
    let asked = 0
    const state = paced({ reasons: [async () => ((asked += 1), await new Promise((resolve) => setTimeout(resolve, 30)), null)] })
    await Promise.all([1, 2, 3, 4].map(async (n) => (await new Promise((resolve) => setTimeout(resolve, 3 * n)), state.pace.turn(SIGNAL))))
    expect(asked).toBe(1)
  })

  test('without a limit no buffer waits; with one each waits for those before it', async () => {
    const free = paced()
    expect([free.pace.take(1e9), free.pace.take(1e9)]).toEqual([null, null])
    const { pace } = paced({ maxBytesPerSecond: 1 })
    expect(pace.take(1e9)).toBe(null)
    const abort = new AbortController()
    const waiting = pace.take(1, abort.signal)
    expect(waiting).toBeInstanceOf(Promise)
    abort.abort()
    await expect(waiting).rejects.toThrow()
  })

  test('what was not taken is not saved up', async () => {
    const { pace } = paced({ maxBytesPerSecond: 1e6 })
    expect(pace.take(10)).toBe(null)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(pace.take(1e9)).toBe(null)
    expect(pace.take(1, AbortSignal.timeout(1))?.catch(() => undefined)).toBeInstanceOf(Promise)
  })

  test('a buffer that waits hears of a new limit', async () => {
    const state = paced({ maxBytesPerSecond: 1 })
    state.pace.take(1e9)
    const waiting = state.pace.take(1)
    state.orders = { maxBytesPerSecond: null }
    await waiting
    state.orders = { maxBytesPerSecond: 1e12 }
    await state.pace.turn(AbortSignal.timeout(1)).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 5))
    state.pace.take(1)
    await state.pace.take(1)
  })
})
