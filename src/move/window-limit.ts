import type { MoveDocument } from '../domain/documents.js'
import { formatDuration } from '../domain/durations.js'
import { abort } from '../phases/abort.js'
import { drive } from './drive.js'
import type { DriveOptions } from './drive.js'
import type { MoveRow } from './move-row.js'

/** What an operator must know who resumes a move with a limit; null where there is none. */
export function windowNotice(move: MoveRow, newLimitMs: number | null): string | null {
  const limitMs = newLimitMs ?? move.maxWindowMs
  if (limitMs === null || move.cutOverAt !== null) return null
  const frozenMs = (move.frozenSeconds ?? 0) * 1000
  if (frozenMs <= limitMs) return `it takes itself back when the organization was frozen for ${formatDuration(limitMs)}${frozenMs === 0 ? '' : `; it is for ${formatDuration(frozenMs)} now`}`
  return `its window of ${formatDuration(limitMs)} is spent (frozen for ${formatDuration(frozenMs)}): to resume it is to take it back; a longer --max-window goes on instead`
}

/** A move whose window was spent (OM3019) takes itself back, as `abort` does; its document keeps that error. */
export async function takeBackWhenSpent(document: MoveDocument, options: Omit<DriveOptions, 'keepsWindow' | 'maxWindowMs' | 'takeOver'>): Promise<MoveDocument> {
  const spent = document.error
  if (spent?.code !== 'OM3019') return document
  const { settings, control, router, moveId, command, progress, log, outside, signal, assertFits } = options
  return drive({ settings, control, router, moveId, command, progress, log, outside, signal, assertFits }, { state: () => 'aborting' }, async ({ ctx, journal }) => {
    if (await journal.isCutOver()) return
    progress({ kind: 'step', text: 'the window is spent: taking the move back' })
    await journal.update({ state: 'aborting', error: spent })
    await abort(ctx)
    await journal.update({ state: 'aborted', thawedAt: 'now', endedAt: 'now' })
  })
}
