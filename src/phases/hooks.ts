import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hook, Probe } from '../config/settings.js'
import { MoverError } from '../domain/errors.js'
import type { Side } from '../domain/vocabulary.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'

export type Moment = 'enter' | 'ready' | 'leave' | 'throttle'

type HookContext = Omit<MoveContext, 'pace'>

/** What was asked of one hook: who serves now, and in what state the move is for whoever reads that it failed. */
interface Occasion {
  readonly moment: Moment
  readonly serving: Side
  readonly standing: string
}

/** Puts the application into maintenance, and waits until it says that it is at rest. Throws OM3011. */
export async function enterMaintenance(ctx: MoveContext): Promise<void> {
  const { enter, ready, leave } = ctx.options.maintenance
  if (enter.length + ready.length + leave.length === 0) return
  const standing = (await ctx.journal.created()).length > 0 ? `fences that an earlier run put up stand; the application may be in maintenance, and ${ctx.source} is routed to` : `nothing is fenced; the application may be in maintenance, and ${ctx.source} serves`
  // before anything happens: an abort has to end what was begun, whatever came of it
  await ctx.journal.addToManifest({ maintenance: true })
  await runHooks(ctx, enter, { moment: 'enter', serving: 'source', standing })
  await awaitReady(ctx, { moment: 'ready', serving: 'source', standing })
}

/** Ends the maintenance on the cell that serves now. Throws OM3011. */
export async function leaveMaintenance(ctx: MoveContext, serving: Side): Promise<void> {
  const standing = serving === 'target' ? `the route has flipped: ${ctx.target} serves and is not fenced, ${ctx.source} stays fenced; the application may still be in maintenance` : `both cells are as before the move and not fenced, ${ctx.source} serves; the application may still be in maintenance`
  await runHooks(ctx, ctx.options.maintenance.leave, { moment: 'leave', serving, standing })
  if (ctx.journal.manifest().maintenance === true) await ctx.journal.addToManifest({ maintenance: false })
}

async function runHooks(ctx: MoveContext, hooks: readonly Hook[], occasion: Occasion): Promise<void> {
  for (const [n, hook] of hooks.entries()) {
    ctx.progress({ kind: 'step', text: `maintenance hook: ${occasion.moment}` })
    await recorded(ctx, { hook, position: n + 1, occasion }, async () => {
      await callHook(ctx, hook, occasion)
      return {}
    })
  }
}

/** Each probe must read zero twice in a row, with a gap in between, before its limit is over. */
async function awaitReady(ctx: MoveContext, occasion: Occasion): Promise<void> {
  for (const [n, probe] of ctx.options.maintenance.ready.entries()) {
    await recorded(ctx, { hook: probe, position: n + 1, occasion }, async () => ({ readings: await readUntilZero(ctx, probe, occasion) }))
    ctx.progress({ kind: 'waiting', reason: null })
  }
}

/** Yields how often it was read. */
async function readUntilZero(ctx: MoveContext, probe: Probe, occasion: Occasion): Promise<number> {
  const deadline = performance.now() + probe.limitMs
  const late = (last: number): MoverError => failed(ctx, occasion, last === 0 ? `it did not read zero twice in a row within ${probe.limitMs} ms` : `it still reads ${last} after ${probe.limitMs} ms`)
  let last: number | null = null
  for (let zeros = 0, readings = 1; ; readings += 1) {
    const leftMs = Math.max(1, Math.ceil(deadline - performance.now()))
    // a probe that hangs must not outlast the limit by its own
    const answer = await callHook(ctx, { ...probe, timeoutMs: Math.min(probe.timeoutMs, leftMs) }, occasion).catch((error: unknown) => {
      ctx.signal.throwIfAborted()
      throw last !== null && performance.now() >= deadline ? late(last) : error
    })
    const value = numberOf(answer)
    if (value === null) throw failed(ctx, occasion, 'it did not yield one number')
    zeros = value === 0 ? zeros + 1 : 0
    if (zeros === 2) return readings
    if (performance.now() + probe.gapMs > deadline) throw late(value)
    last = value
    ctx.progress({ kind: 'waiting', reason: value === 0 ? 'readiness probe reads zero, reading again' : `readiness probe reads ${value}` })
    await sleep(probe.gapMs, undefined, { signal: ctx.signal })
  }
}

interface HookRun {
  readonly hook: Hook
  /** In its list, from 1. */
  readonly position: number
  readonly occasion: Occasion
}

/** Runs a hook, and journals that it ran and how it ended, with what `work` yields. */
async function recorded(ctx: MoveContext, { hook, position, occasion }: HookRun, work: () => Promise<Readonly<Record<string, unknown>>>): Promise<void> {
  const began = performance.now()
  const note = (outcome: 'done' | 'failed' | 'interrupted', more: Readonly<Record<string, unknown>>): Promise<void> =>
    ctx.journal.event('hook', { moment: occasion.moment, position, hook: nameOf(ctx, hook, occasion), serving: ctx[occasion.serving], outcome, seconds: Math.round(performance.now() - began) / 1000, ...more })
  let more: Readonly<Record<string, unknown>>
  try {
    more = await work()
  } catch (error) {
    // what became of the hook is what the operator must read, whatever becomes of its record
    await note(ctx.signal.aborted ? 'interrupted' : 'failed', {}).catch(() => undefined)
    throw error
  }
  await note('done', more)
}

/** The program, the host or the database. Arguments, paths and statements may hold secrets. */
function nameOf(ctx: MoveContext, hook: Hook, { serving }: Occasion): string {
  if (hook.kind === 'sql') return `sql on ${ctx[hook.side ?? serving]}/${hook.database}`
  return hook.kind === 'http' ? `http to ${new URL(hook.url).host}` : `command ${basename(hook.command[0] ?? '')}`
}

/** Null for everything but one number: nothing at all is not zero. */
function numberOf(text: string): number | null {
  return /^[+-]?\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : null
}

/** What a probe of the throttle answers. Throws OM3011. */
export async function callThrottleProbe(ctx: HookContext, probe: Hook): Promise<string> {
  return callHook(ctx, probe, { moment: 'throttle', serving: 'source', standing: 'the move rests between two chunks, and its fences stand' })
}

async function callHook(ctx: HookContext, hook: Hook, occasion: Occasion): Promise<string> {
  try {
    if (hook.kind === 'sql') return await callSql(ctx, hook, occasion)
    const { moment } = occasion
    return await ctx.outside.call({
      callee: hook,
      purpose: `hook ${moment}`,
      input: { moment, ...factsOf(ctx, occasion) },
      variables: { ORG_MOVER_MOMENT: moment, ...variablesOf(ctx, occasion) },
      timeoutMs: hook.timeoutMs,
      idempotencyKey: null,
      signal: ctx.signal,
    })
  } catch (error) {
    ctx.signal.throwIfAborted()
    throw failed(ctx, occasion, error instanceof Error ? error.message : 'it failed', error)
  }
}

function factsOf(ctx: HookContext, { serving }: Occasion): Readonly<Record<string, string>> {
  return { moveId: ctx.holder.moveId, org: ctx.org, source: ctx.source, target: ctx.target, serving: ctx[serving] }
}

function variablesOf(ctx: HookContext, { serving }: Occasion): Readonly<Record<string, string>> {
  return { ORG_MOVER_MOVE_ID: ctx.holder.moveId, ORG_MOVER_ORG: ctx.org, ORG_MOVER_SOURCE: ctx.source, ORG_MOVER_TARGET: ctx.target, ORG_MOVER_SERVING: ctx[serving] }
}

/** `:org` is the organization, as in every declared SQL; names are looked up as the database's own search_path says. Yields the first value; empty where there is none. */
async function callSql(ctx: HookContext, hook: Extract<Hook, { kind: 'sql' }>, { moment, serving }: Occasion): Promise<string> {
  const parameter = /(?<!:):org\b/g
  const text = hook.sql.replaceAll(parameter, '$1')
  const params = text === hook.sql ? [] : [ctx.org]
  return cellDatabase(ctx, hook.side ?? serving, hook.database).admin.use(async (session) => {
    await session.execute(`RESET search_path; SET statement_timeout = ${hook.timeoutMs}`)
    try {
      if (moment === 'enter' || moment === 'leave') return String(await session.execute(text, params))
      const [row] = await session.rows(text, params)
      const first: unknown = row === undefined ? null : Object.values(row)[0]
      return first === null || first === undefined ? '' : String(first)
    } finally {
      // with settings of the hook's own it is nobody else's session
      session.destroy()
    }
  })
}

function failed(ctx: HookContext, { moment, serving, standing }: Occasion, why: string, cause?: unknown): MoverError {
  const { moveId } = ctx.holder
  const again = moment === 'leave' && serving === 'source' ? 'abort' : 'resume'
  const back = moment === 'leave' ? '' : `; \`org-mover abort ${moveId}\` takes the move back and runs the \`leave\` hooks`
  return new MoverError({ code: 'OM3011', message: `maintenance hook "${moment}" failed: ${ctx.outside.redact(why)}. Now ${standing}`, hint: `repair what the hook reports (the output of a command is in the log), then run \`org-mover ${again} ${moveId}\`, which runs it again${back}`, retry: 'after-fix', cause })
}
