import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NotifySettings } from '../config/settings.js'
import type { MoveDocument } from '../domain/documents.js'
import type { Logger } from '../observability/logger.js'
import type { Outside } from '../outside/call.js'
import type { App } from './app.js'
import type { CommandName } from './invocation.js'
import { movePage } from './report/move-page.js'
import { writeReport } from './report/write-report.js'

interface NotifyOptions {
  readonly settings: NotifySettings
  readonly app: Pick<App, 'report'>
  readonly outside: Outside
  readonly logger: Logger
  readonly say: (line: string) => void
}

/**
 * Tells whoever wants to know that a command has come to an end with a move: it rests, has failed, or is over. The move's report is written
 * first, so that its path can be told. What fails here is said and logged, and changes nothing for the command: its result stands already.
 */
export async function notify(command: CommandName, move: MoveDocument, { settings, app, outside, logger, say }: NotifyOptions): Promise<void> {
  if (move.moveId === null || (settings.reports === null && settings.hooks.length === 0)) return
  const failed = (what: string) => (err: unknown): null => {
    logger.warn({ err, command }, 'a notification failed')
    say(`${what}: ${outside.redact(err instanceof Error ? err.message : 'unknown failure')}`)
    return null
  }
  const report = settings.reports === null ? null : await reportOf(move.moveId, settings.reports, app).catch(failed('the report was not written'))
  const { moveId, org, source, target, state, phase, error, next, frozenSeconds, bytesCopied } = move
  const input = { command, moveId, org, source, target, state, phase, error, next, frozenSeconds, bytesCopied, verdict: move.verification.verdict, report }
  const variables = { ORG_MOVER_COMMAND: command, ORG_MOVER_MOVE_ID: moveId, ORG_MOVER_ORG: org ?? '', ORG_MOVER_SOURCE: source ?? '', ORG_MOVER_TARGET: target ?? '', ORG_MOVER_STATE: state ?? '', ORG_MOVER_ERROR: error?.code ?? '', ORG_MOVER_REPORT: report ?? '' }
  await Promise.all(
    settings.hooks.map((callee) =>
      // an interruption has been heard when this runs: the timeout alone ends it
      outside.call({ callee, purpose: 'notification', input, variables, timeoutMs: callee.timeoutMs, idempotencyKey: null, signal: new AbortController().signal }).catch(failed('a notification was not delivered')),
    ),
  )
}

async function reportOf(moveId: string, folder: string, app: Pick<App, 'report'>): Promise<string | null> {
  const document = await app.report(moveId)
  if (document.report === null) return null
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const file = join(folder, `org-mover-${moveId}.html`)
  await writeReport(file, movePage(document, document.report))
  return file
}
