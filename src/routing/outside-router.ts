import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { OutsideRouting } from '../config/settings.js'
import type { ErrorCode } from '../domain/error-catalogue.js'
import { MoverError } from '../domain/errors.js'
import type { Finding } from '../domain/finding.js'
import { answerSchema, readAnswer } from '../outside/answer.js'
import type { Outside } from '../outside/call.js'
import { CallFailure } from '../outside/call-failure.js'
import { described, isFlipped } from './router.js'
import type { Flip, Route, Router } from './router.js'

const PROTOCOL = 1
const READ_ATTEMPTS = 3
const READ_GAP_MS = 200

const epoch = z.union([z.int().min(0), z.string().regex(/^\d{1,19}$/)]).transform(BigInt)
const routerAnswer = answerSchema.extend({ cell: z.string().nullish(), epoch: epoch.nullish() })
type RouterAnswer = z.infer<typeof routerAnswer>
type Verb = 'prepare' | 'commit' | 'rollback' | 'read' | 'set'

export interface OutsideRouterOptions {
  readonly outside: Outside
  readonly routing: OutsideRouting
  /** Names of the configuration. */
  readonly cells: readonly string[]
  /** Between attempts to read; for tests. */
  readonly readGapMs?: number
  readonly signal?: AbortSignal
}

/**
 * Routes behind a command or an HTTP service of the operator's own (docs/routing.md). Its word that the route has flipped is not taken: it
 * is read back, and what the commit did is unknown until the route itself tells.
 */
export class OutsideRouter implements Router {
  readonly #options: OutsideRouterOptions

  constructor(options: OutsideRouterOptions) {
    this.#options = options
  }

  isTransactionalWith(): boolean {
    return false
  }

  /** What stands behind a commit, only a commit tells. */
  async rehearse(): Promise<readonly Finding[]> {
    return []
  }

  async count(): Promise<null> {
    return null
  }

  /** Asks again, a few times, where it did not answer. Throws OM3014, OM3015, OM1005. */
  async read(org: string): Promise<Route | null> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.#routeOf(org, accepted('read', await this.#ask('read', { org }, null)))
      } catch (error) {
        if (!(error instanceof MoverError) || error.code !== 'OM3014' || attempt === READ_ATTEMPTS) throw error
        await sleep(this.#options.readGapMs ?? READ_GAP_MS, undefined, { signal: this.#options.signal })
      }
    }
  }

  async set(org: string, cell: string): Promise<Route> {
    accepted('set', await this.#ask('set', { org, to: cell }, randomUUID()))
    const now = await this.read(org)
    if (now?.cell === cell) return now
    throw failed('OM3015', `the router answered "set" with ok, but reads the route of organization ${org} as ${described(now)}`)
  }

  async flip(flip: Flip): Promise<{ readonly epoch: bigint | null }> {
    const request = { org: flip.org, from: flip.from, to: flip.to, epoch: flip.epoch === null ? null : written(flip.epoch) }
    const key = randomUUID()
    await this.#prepare(flip, request, key)
    const answer = await this.#ask('commit', request, key).catch((error: unknown) => {
      throw unknownOutcome(flip, error instanceof MoverError ? error.message : 'the router failed', error)
    })
    const now = await this.read(flip.org).catch((error: unknown) => {
      throw unknownOutcome(flip, `the router answered the commit with ${answer.ok ? 'ok' : 'a refusal'}, but the route could not be read back`, error)
    })
    if (now !== null && isFlipped(now, flip)) return { epoch: now.epoch }
    if (answer.ok) throw unknownOutcome(flip, `the router answered the commit with ok, but reads the route as ${described(now)}`)
    await this.#rollback(request, key)
    throw changed(flip, now, answer.message)
  }

  /** For `doctor`: whether the router answers a question as the protocol asks. What the route is does not matter. */
  async tryOut(): Promise<void> {
    accepted('read', await this.#ask('read', { org: '0' }, null))
  }

  /** Nothing has changed when this throws: a prepare that was not seen to its end is taken back. */
  async #prepare(flip: Flip, request: Readonly<Record<string, unknown>>, key: string): Promise<void> {
    let answer: RouterAnswer
    try {
      answer = await this.#ask('prepare', request, key)
    } catch (error) {
      await this.#rollback(request, key)
      throw error
    }
    // it may say what it knows, and then that must be what the move knows
    const other = answer.cell != null && answer.cell !== flip.from ? true : answer.epoch != null && flip.epoch !== null && answer.epoch !== flip.epoch
    if (answer.ok && !other) return
    await this.#rollback(request, key)
    throw changed(flip, await this.read(flip.org), answer.message)
  }

  /** A courtesy: what was prepared binds nobody (docs/routing.md). */
  async #rollback(request: Readonly<Record<string, unknown>>, key: string): Promise<void> {
    await this.#ask('rollback', request, key).catch(() => undefined)
  }

  async #ask(verb: Verb, request: Readonly<Record<string, unknown>>, key: string | null): Promise<RouterAnswer> {
    const { outside, routing, signal = new AbortController().signal } = this.#options
    const text = (value: unknown): string => (typeof value === 'string' ? value : '')
    try {
      const answer = await outside.call({
        callee: routing.callee,
        purpose: 'router',
        input: { protocol: PROTOCOL, verb, ...request, idempotencyKey: key },
        variables: { ORG_MOVER_VERB: verb, ORG_MOVER_ORG: text(request['org']) },
        timeoutMs: routing.timeoutMs,
        idempotencyKey: key,
        signal,
      })
      const read = readAnswer(routerAnswer, verb, answer)
      return read.message === undefined ? read : { ...read, message: outside.redact(read.message) }
    } catch (error) {
      signal.throwIfAborted()
      const why = error instanceof Error ? error.message : 'it failed'
      throw failed(error instanceof CallFailure && error.isTransient ? 'OM3014' : 'OM3015', `the router failed at "${verb}": ${why}`, error)
    }
  }

  #routeOf(org: string, { cell, epoch: found }: RouterAnswer): Route | null {
    if (cell === undefined || (cell !== null && found === undefined)) throw failed('OM3015', 'the router failed at "read": its answer does not fit the protocol (cell and epoch are required, null where there is none)')
    if (cell === null) return null
    if (this.#options.cells.includes(cell)) return { cell, epoch: found ?? null }
    throw new MoverError({ code: 'OM1005', message: `the router has organization ${org} on ${JSON.stringify(cell)}, which is no cell of the configuration`, hint: 'the router answers with the names under `cells`', retry: 'after-fix' })
  }
}

/** A number where JSON holds it exactly, else text; both are understood in answers. */
function written(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

function accepted(verb: Verb, answer: RouterAnswer): RouterAnswer {
  if (answer.ok) return answer
  throw failed('OM3015', `the router refused "${verb}"${answer.message === undefined ? '' : `: ${answer.message}`}`)
}

function failed(code: ErrorCode, message: string, cause?: unknown): MoverError {
  return new MoverError({
    code,
    message,
    hint: code === 'OM3014' ? 'look whether the router is up, then run the command again; fences stay as they are' : 'correct the router (docs/routing.md has the protocol; its output is in the log), then run the command again; fences stay as they are',
    retry: code === 'OM3014' ? 'safe' : 'after-fix',
    cause,
  })
}

function changed({ org, from, epoch: expected }: Flip, now: Route | null, said: string | undefined): MoverError {
  const isAsExpected = now?.cell === from && now.epoch === expected
  return new MoverError({
    code: 'OM5001',
    message: `the router refused to flip the route of organization ${org}${said === undefined ? '' : ` (${said})`}: it was expected ${described({ cell: from, epoch: expected })}, and is ${isAsExpected ? 'that' : described(now)}; it was not changed by this move`,
    hint: 'find out who changed it; `org-mover route get` shows it, `org-mover resume` tries again, `org-mover abort` takes the move back',
    retry: 'after-fix',
  })
}

function unknownOutcome({ org, from, to }: Flip, why: string, cause?: unknown): MoverError {
  return new MoverError({
    code: 'OM5002',
    message: `whether organization ${org} is routed to ${from} or to ${to} is not known: ${why}`,
    hint: 'run `org-mover resume`: it reads the route and decides',
    retry: 'safe',
    cause,
  })
}
