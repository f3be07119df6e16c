import { expect } from 'vitest'
import { abort, move, proxiedCells, resume } from './fault-trial.js'
import type { Expected, ProxiedCells, Server } from './fault-trial.js'
import { assertNoLeaks } from './leak-check.js'
import type { Statement } from './wire-link.js'

export interface SleepTrial {
  readonly server: Server
  /** Where the driver falls asleep: the server sees this statement only when it wakes up. */
  readonly at: (statement: Statement, proxies: ProxiedCells['proxies']) => boolean
  /** What another process does to the end meanwhile. */
  readonly other: 'resume' | 'abort'
}

/** A driver sleeps until its lease is over and another has ended the move; then it wakes up, and must change nothing (P6). Null where it never came to the place. */
export async function trySleep({ server, at, other }: SleepTrial, expected: Expected): Promise<string | null> {
  await using set = await proxiedCells()
  const { cells, proxies } = set
  let others: Promise<string> | null = null
  const end = async (): Promise<string> => {
    await cells.endLease()
    return other === 'resume' ? resume(cells, expected, place()) : abort(cells, expected, place())
  }
  const place = (): string => `${server}, asleep at ${proxies[server].hit?.n} (${proxies[server].hit?.text.replaceAll(/\s+/g, ' ').slice(0, 80)}) while another runs ${other}`
  proxies[server].reset({
    kind: 'pause',
    hits: (statement) => at(statement, proxies),
    meanwhile: () => {
      others = end()
      return others.then(() => undefined, () => undefined)
    },
  })
  const woken = await move(cells)
  const done = await (others as Promise<string> | null)
  if (done === null) return null
  if (done === 'moved anew') return done
  expect(woken.exit, `${place()}: woken, it ended with ${woken.code} ${woken.message}`).toBe(5)
  // the same again: the sleeper may have added to what the other left
  if ((await cells.route()) === 'cell-b') await resume(cells, expected, `${place()}, then awake`)
  else await abort(cells, expected, `${place()}, then awake`)
  for (const database of Object.values(cells.databases)) await assertNoLeaks(database)
  return `${done}; woken: ${woken.code}`
}
