import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Hook } from '../config/settings.js'
import { MoverError } from '../domain/errors.js'
import { cellDatabase } from './context.js'
import type { MoveContext } from './context.js'

type HookContext = Omit<MoveContext, 'pace'>

const run = promisify(execFile)
const READY_GAP_MS = 1_000
const READY_ATTEMPTS = 60

/** Runs the hooks of one moment in order. A failing one stops the move with OM3011; what is frozen stays frozen. */
export async function runHooks(ctx: MoveContext, moment: 'enter' | 'leave'): Promise<void> {
  for (const hook of ctx.options.maintenance[moment]) {
    ctx.progress({ kind: 'step', text: `maintenance hook: ${moment}` })
    await callHook(ctx, hook, moment)
  }
}

/** Readiness probes: each must read zero twice in a row before the freeze. */
export async function awaitReady(ctx: MoveContext): Promise<void> {
  for (const probe of ctx.options.maintenance.ready) {
    let zeros = 0
    for (let attempt = 1; zeros < 2; attempt += 1) {
      const value = Number((await callHook(ctx, probe, 'ready')).trim())
      if (!Number.isFinite(value)) throw failed('ready', 'it did not yield one number')
      zeros = value === 0 ? zeros + 1 : 0
      if (zeros === 2) break
      if (attempt === READY_ATTEMPTS) throw failed('ready', `it still reads ${value} after ${READY_ATTEMPTS} attempts`)
      ctx.progress({ kind: 'waiting', reason: value === 0 ? 'readiness probe reads zero, reading again' : `readiness probe reads ${value}` })
      await sleep(READY_GAP_MS, undefined, { signal: ctx.signal })
    }
    ctx.progress({ kind: 'waiting', reason: null })
  }
}

/** Calls a hook or probe and yields what it answered. Throws OM3011. */
export async function callHook(ctx: HookContext, hook: Hook, moment: string): Promise<string> {
  try {
    if (hook.kind === 'sql') return await callSql(ctx, hook)
    if (hook.kind === 'http') return await callHttp(ctx, hook, moment)
    return await callCommand(ctx, hook, moment)
  } catch (error) {
    ctx.signal.throwIfAborted()
    throw failed(moment, error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it failed')
  }
}

/** The command gets the facts of the move as JSON on its standard input. */
async function callCommand(ctx: HookContext, hook: Extract<Hook, { kind: 'command' }>, moment: string): Promise<string> {
  const [file, ...args] = hook.command
  const running = run(file ?? '', args, { timeout: hook.timeoutMs, signal: ctx.signal })
  // a program that does not read what it is told is none the worse for it
  running.child.stdin?.on('error', () => undefined)
  running.child.stdin?.end(JSON.stringify(facts(ctx, moment)))
  return (await running).stdout
}

async function callSql(ctx: HookContext, hook: Extract<Hook, { kind: 'sql' }>): Promise<string> {
  return cellDatabase(ctx, hook.side, hook.database).admin.use(async (session) => {
    // :org is the move's only parameter here as in every declared SQL
    const rows = await session.rows(hook.sql.replaceAll(/(?<!:):org\b/g, '$1'), /(?<!:):org\b/.test(hook.sql) ? [ctx.org] : [])
    const first: unknown = rows[0] === undefined ? '0' : Object.values(rows[0])[0]
    return String(first ?? '0')
  })
}

async function callHttp(ctx: HookContext, hook: Extract<Hook, { kind: 'http' }>, moment: string): Promise<string> {
  const response = await fetch(hook.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(facts(ctx, moment)),
    signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(hook.timeoutMs)]),
  })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  return response.text()
}

function facts(ctx: HookContext, moment: string): Readonly<Record<string, string>> {
  return { moveId: ctx.holder.moveId, org: ctx.org, moment, source: ctx.source, target: ctx.target }
}

function failed(moment: string, why: string): MoverError {
  return new MoverError({ code: 'OM3011', message: `maintenance hook "${moment}" failed: ${why}`, hint: 'repair what the hook reports, then run `org-mover resume`; `org-mover abort` lifts any fence', retry: 'after-fix' })
}
