import type { MoveState } from '../domain/vocabulary.js'
import type { CommandContext } from './commands.js'
import type { Outcome } from './outcome.js'

const WATCH_EVERY_MS = 2000
const CHANGING: readonly MoveState[] = ['created', 'running', 'purging', 'aborting']

/** Shows the status again and again until nothing changes any more by itself; the last one is the command's result. */
export async function watchStatus(read: () => Promise<Outcome>, { host, signal, show }: Pick<CommandContext, 'host' | 'signal' | 'show'>): Promise<Outcome> {
  let outcome = await read()
  while (isChanging(outcome)) {
    show(outcome)
    await host.clock.sleep(WATCH_EVERY_MS, signal)
    outcome = await read()
  }
  return outcome
}

function isChanging({ kind, document }: Outcome): boolean {
  if (kind === 'move') return document.state !== null && CHANGING.includes(document.state)
  return kind === 'list' && document.moves.some(({ state }) => state !== null && CHANGING.includes(state))
}
