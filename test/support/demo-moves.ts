import { expect } from 'vitest'
import type { MovePhase } from '../../src/domain/vocabulary.js'
import type { CliProcess } from './cli-process.js'
import { pictureOf } from './demo-cells.js'
import type { DemoCells, Picture } from './demo-cells.js'
import { until } from './until.js'

/** States of a move that several tests start from. */

export async function picturesOf(cells: DemoCells): Promise<{ readonly a: Picture; readonly b: Picture }> {
  return { a: await pictureOf(cells.a), b: await pictureOf(cells.b) }
}

/** Starts a move of `org` to cell-b that rests before that phase; yields its id. */
export async function moveUntil(cells: DemoCells, phase: MovePhase, { org = cells.org, config = cells.configFile } = {}): Promise<string> {
  const { code, json, stderr } = await cells.orgMover(['move', '--org', org, '--to', 'cell-b', '--pause-before', phase, '--yes', '--config', config])
  expect({ code, state: json.state, error: json.error }, stderr).toEqual({ code: 0, state: 'paused', error: null })
  return json.moveId ?? ''
}

/** Moves the organization to cell-b and leaves it in retention; yields the move's id. */
export async function moveWhole(cells: DemoCells, { org = cells.org, config = cells.configFile } = {}): Promise<string> {
  const { code, json, stderr } = await cells.orgMover(['move', '--org', org, '--to', 'cell-b', '--yes', '--config', config])
  expect({ code, state: json.state, error: json.error }, stderr).toEqual({ code: 0, state: 'cut_over', error: null })
  return json.moveId ?? ''
}

export interface Progressed {
  readonly moveId: string
  readonly done: number
  readonly open: number
}

/**
 * Waits until the journal says that a move of the organization is in the middle: at least `atLeast` of its chunks marked in that
 * column, and others not. Fails at once if the process has ended.
 */
export async function inTheMiddleOf(cells: DemoCells, column: 'loaded' | 'verified' | 'purged', { org, process, atLeast = 3 }: { readonly org: string; readonly process: CliProcess; readonly atLeast?: number }): Promise<Progressed> {
  return until(`some chunks ${column}, others not`, async () => {
    if (!process.isRunning()) {
      const { code, stdout, stderr } = await process.result
      throw new Error(`the command ended (exit code ${code}) before it was in the middle: ${stdout.slice(0, 3000)} ${stderr}`)
    }
    const [row] = await cells.control.query<Progressed & Record<string, unknown>>(
      `SELECT m.id AS "moveId", count(*) FILTER (WHERE c.${column})::int AS done, count(*) FILTER (WHERE NOT c.${column})::int AS open
       FROM org_mover.move m JOIN org_mover.chunk c ON c.move_id = m.id WHERE m.org = $1 AND m.state NOT IN ('completed', 'aborted') GROUP BY m.id`,
      [org],
    )
    return row !== undefined && row.done >= atLeast && row.open > 0 ? row : null
  })
}

/** A killed process cannot give its lease back: the next one must wait until it ends, by the control server's clock. */
export async function leaseHasEnded(cells: DemoCells, moveId: string): Promise<void> {
  await until('the lease has ended', async () => (await cells.control.query('SELECT FROM org_mover.move WHERE id = $1 AND coalesce(lease_until < clock_timestamp(), true)', [moveId])).length > 0)
}
