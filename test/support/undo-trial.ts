import { expect } from 'vitest'
import { differences, nameless, patiently, proxiedCells, statementsOf } from './fault-trial.js'
import type { Expected, Server } from './fault-trial.js'
import { assertNoLeaks } from './leak-check.js'
import { ORG } from './small-cells.js'
import type { Ended, SmallCells } from './small-cells.js'
import type { FaultKind } from './wire-link.js'

/** Commands that take rows away: of a move that rests before its cutover, with everything loaded, and of one in retention. */
export const UNDOINGS = ['abort', 'purge'] as const
export type Undoing = (typeof UNDOINGS)[number]

export interface UndoTrial {
  readonly command: Undoing
  readonly server: Server
  readonly kind: FaultKind
  /** At this statement of the server, counted from the command's first. */
  readonly n: number
}

/** Where the command ends if nothing disturbs it. */
export interface UndoExpected {
  readonly end: Expected['before']
  readonly statements: Readonly<Record<Server, number>>
}

const ENDS = { abort: { state: 'aborted', route: 'cell-a' }, purge: { state: 'completed', route: 'cell-b' } } as const

/** The state that the command starts from; yields the move's id. */
export async function readyFor(command: Undoing, cells: SmallCells): Promise<string> {
  const moved = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', ...(command === 'abort' ? { pauseBefore: 'cutover' as const } : {}) }, io))
  expect([moved.exit, moved.document?.state], moved.message).toEqual([0, command === 'abort' ? 'paused' : 'cut_over'])
  return (await cells.moveId()) ?? ''
}

export async function undo(command: Undoing, cells: SmallCells, id: string): Promise<Ended> {
  return cells.run((app, io) => (command === 'abort' ? app.abort(id, io) : app.purge(id, {}, io)))
}

/** What it must have come to, whatever happened on the way. */
export async function expectUndone(command: Undoing, cells: SmallCells, expected: Pick<UndoExpected, 'end'>, place: string): Promise<void> {
  expect(differences(nameless(await cells.look(), await cells.moveId()), expected.end), place).toEqual([])
  expect(await cells.route(), place).toBe(ENDS[command].route)
}

/** The command, with nothing that disturbs it. An abort must end where the move began. */
export async function undoUndisturbed(command: Undoing): Promise<UndoExpected> {
  await using set = await proxiedCells()
  const { cells, proxies } = set
  const before = await cells.look()
  const id = await readyFor(command, cells)
  const moved = await cells.look()
  for (const proxy of Object.values(proxies)) proxy.reset()
  const ended = await undo(command, cells, id)
  const statements = statementsOf(proxies)
  expect([ended.exit, ended.document?.state], ended.message).toEqual([0, ENDS[command].state])
  const end = await cells.look()
  if (command === 'abort') expect(differences(end, before)).toEqual([])
  else expect([end.b.rows, end.a.objects]).toEqual([moved.b.rows, before.a.objects])
  return { end: nameless(end, id), statements }
}

/** Disturbs the command once; run again, it must end as if nothing had happened. Yields how it went, for the counts. */
export async function tryUndo(trial: UndoTrial, expected: UndoExpected): Promise<{ readonly wasHit: boolean; readonly ended: string }> {
  const { command, server, kind, n } = trial
  await using set = await proxiedCells()
  const { cells, proxies } = set
  const id = await readyFor(command, cells)
  proxies[server].reset({ kind, hits: (statement) => statement.n === n })
  const first = await undo(command, cells, id)
  const { hit } = proxies[server]
  proxies[server].reset()
  const place = `${command}: ${server}, statement ${n} (${hit?.text.replaceAll(/\s+/g, ' ').slice(0, 80)}), ${kind}; it ended with exit ${first.exit} ${first.code} ${first.message}`
  expect(hit === null ? [0] : [0, 5], place).toContain(first.exit)
  if (first.exit !== 0) expect(first.hint, place).not.toBe('')
  await cells.endLease()
  const second = await patiently(() => undo(command, cells, id))
  expect([second.exit, second.document?.state], `${place}; then ${second.code} ${second.message}`).toEqual([0, ENDS[command].state])
  await expectUndone(command, cells, expected, place)
  if (kind !== 'freeze') for (const database of Object.values(cells.databases)) await assertNoLeaks(database)
  return { wasHit: hit !== null, ended: hit === null ? 'untouched' : `exit ${first.exit}${first.exit === 0 ? '' : `, ${first.document?.state ?? 'no document'}`}, run again: ${second.document?.state}` }
}
