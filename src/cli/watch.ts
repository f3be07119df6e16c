import type { MovedTable } from '../domain/documents.js'
import type { MoveState } from '../domain/vocabulary.js'
import type { CommandContext } from './commands.js'
import type { Outcome } from './outcome.js'

const WATCH_EVERY_MS = 2000
const ORDER: readonly MovedTable['state'][] = ['running', 'pending', 'done']
const CHANGING: readonly MoveState[] = ['created', 'running', 'purging', 'aborting']

/** Shows the status again and again until nothing changes any more by itself; the last one is the command's result. */
export async function watchStatus(read: () => Promise<Outcome>, { host, signal, show }: Pick<CommandContext, 'host' | 'signal' | 'show'>): Promise<Outcome> {
  let outcome = await read()
  while (isChanging(outcome)) {
    show(busiestFirst(outcome))
    await host.clock.sleep(WATCH_EVERY_MS, signal)
    outcome = await read()
  }
  return outcome
}

/** Tables under way before those that are still to come and those that are done: a terminal may not have room for all. */
function busiestFirst(outcome: Outcome): Outcome {
  if (outcome.kind !== 'move') return outcome
  const { document } = outcome
  return { ...outcome, document: { ...document, tables: document.tables.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)) } }
}

function isChanging({ kind, document }: Outcome): boolean {
  if (kind === 'move') return document.state !== null && CHANGING.includes(document.state)
  return kind === 'list' && document.moves.some(({ state }) => state !== null && CHANGING.includes(state))
}
