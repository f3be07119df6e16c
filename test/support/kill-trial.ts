import { expect } from 'vitest'
import { sql } from '../../src/postgres/sql.js'
import { startCli } from './cli-process.js'
import { abort, proxiedCells, resume, SERVERS } from './fault-trial.js'
import type { Expected, ProxiedCells, Server } from './fault-trial.js'
import { assertNoLeaks } from './leak-check.js'
import { ORG } from './small-cells.js'
import { expectUndone, readyFor, undo } from './undo-trial.js'
import type { UndoExpected, Undoing } from './undo-trial.js'
import type { Statement } from './wire-link.js'

export type Killed = 'move' | Undoing

export interface KillTrial {
  readonly command: Killed
  readonly server: Server
  readonly n: number
  /** Whether the process is killed before the server sees the statement, or when it has run it and the answer is not read; or asked to stop, by SIGTERM, at that statement. */
  readonly when: 'before' | 'after' | 'asked'
  readonly remedy: 'resume' | 'abort' | 'again'
}

/** What each command is held against, and what it sends to each server. */
export interface KillExpected {
  readonly move: Expected
  readonly undone: Readonly<Record<Undoing, UndoExpected>>
  readonly statements: Readonly<Record<Killed, Readonly<Record<Server, readonly Statement[]>>>>
}

/** Statements of the journal at which what a later process finds there changes. */
const EDGES = ['start-phase', 'end-phase', 'update-move', 'record-created', 'mark-removed', 'acquire-lease']

/** Whether a statement is one of the journal's edges, or, on a cell, the end of a COPY or of a transaction. */
export function isEdge(server: Server, { text }: Statement): boolean {
  if (server === 'control') return EDGES.some((name) => text === sql(`journal/${name}`)) || text === 'COMMIT'
  return text === '(copy done)' || text === 'COMMIT'
}

export function isPhaseEdge({ text }: Statement): boolean {
  return text === sql('journal/start-phase') || text === sql('journal/end-phase')
}

/** The program as it was built, as a process of its own. */
async function runCommand({ cells, proxies }: ProxiedCells, command: Killed, fault: Omit<KillTrial, 'command' | 'remedy'> | null): Promise<{ readonly code: number | null; readonly statements: Readonly<Record<Server, readonly Statement[]>>; readonly stdout: string }> {
  const args = command === 'move' ? ['move', '--org', ORG, '--to', 'cell-b'] : [command, await readyFor(command, cells)]
  const statements: Record<Server, Statement[]> = { source: [], target: [], control: [] }
  for (const server of SERVERS) {
    proxies[server].reset({
      kind: fault?.when === 'asked' ? 'pause' : (fault?.when ?? 'before'),
      meanwhile: () => child.kill(fault?.when === 'asked' ? 'SIGTERM' : 'SIGKILL'),
      hits: (statement) => {
        statements[server].push(statement)
        return server === fault?.server && statement.n === fault.n
      },
    })
  }
  await using child = startCli([...args, '--config', cells.configFile, '--yes', '--json', '--no-progress'])
  const { code, stdout } = await child.result
  for (const proxy of Object.values(proxies)) proxy.reset()
  return { code, statements, stdout }
}

/** What the command sends when nothing disturbs it. */
export async function statementsOfCommand(command: Killed): Promise<KillExpected['statements'][Killed]> {
  await using set = await proxiedCells()
  const { code, statements, stdout } = await runCommand(set, command, null)
  expect(code, stdout).toBe(0)
  return statements
}

/** Kills the process there, or asks it to stop, and remedies. Yields how it went, for the counts; null where the process had ended before. */
export async function tryKill(trial: KillTrial, expected: KillExpected): Promise<string | null> {
  const { command, remedy, server, n, when } = trial
  await using set = await proxiedCells()
  const { cells } = set
  const { code, statements, stdout } = await runCommand(set, command, trial)
  const text = statements[server][n - 1]?.text.replaceAll(/\s+/g, ' ').slice(0, 80)
  const place = `${command} ${when === 'asked' ? 'asked to stop at' : `killed ${when}`} statement ${n} of the ${server} (${text}), then ${remedy}`
  if (text === undefined) {
    expect(code, `${place}: ${stdout}`).toBe(0)
    return null
  }
  // one that is asked gives its lease back, and may have had nothing left to stop at
  expect(when === 'asked' ? [143, 0] : [null], `${place}: ${stdout}`).toContain(code)
  if (when !== 'asked') await cells.endLease()
  const ended = await remedied(trial, set, expected, place)
  for (const database of Object.values(cells.databases)) await assertNoLeaks(database)
  return ended
}

async function remedied({ command, remedy }: KillTrial, { cells }: ProxiedCells, expected: KillExpected, place: string): Promise<string> {
  if (command === 'move') return remedy === 'resume' ? resume(cells, expected.move, place) : abort(cells, expected.move, place)
  const again = await undo(command, cells, (await cells.moveId()) ?? '')
  expect(again.exit, `${place}: ${again.code} ${again.message}`).toBe(0)
  await expectUndone(command, cells, expected.undone[command], place)
  return again.document?.state ?? ''
}
