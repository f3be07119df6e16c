import { describe, expect, test } from 'vitest'
import { clusterUrl } from '../support/clusters.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'
import { WireProxy } from '../support/wire-proxy.js'
import type { FaultKind, Statement } from '../support/wire-link.js'

const CONFIG = { lease: '10m', answer_timeout: '600ms' }

interface Where {
  readonly name: string
  readonly ownRouting: boolean
  /** The statement by which the route flips for good. */
  readonly commits: (statement: Statement, seen: { flips: number }) => boolean
}

const isFlip = (text: string): boolean => /^UPDATE .*route/.test(text)
/** The first flip is that of prepare, in vain. */
const THE_FLIP = 2

const WHERE: readonly Where[] = [
  {
    name: 'with routing in the control database',
    ownRouting: false,
    commits: ({ text }, seen) => {
      if (isFlip(text)) seen.flips += 1
      return seen.flips === THE_FLIP && text === 'COMMIT'
    },
  },
  { name: 'with routing in a database of its own', ownRouting: true, commits: ({ text }, seen) => isFlip(text) && (seen.flips += 1) === THE_FLIP },
]

describe('a connection lost in the very commit of the cutover (P7)', () => {
  for (const { name, ownRouting, commits } of WHERE) {
    for (const kind of ['before', 'after', 'freeze'] satisfies readonly FaultKind[]) {
      const isDone = kind === 'after'
      for (const remedy of ['resume', 'abort'] as const) {
        test(`${name}, ${kind} the server saw it: exit 6 with both fences up; ${remedy} reads the route and decides`, async () => {
          await using routing = await WireProxy.start(clusterUrl('a'))
          await using cells = await smallCells({ config: CONFIG, ownRouting, through: (role, url) => (role === (ownRouting ? 'routing' : 'control') ? routing.through(url) : url) })
          const before = await cells.look()
          const seen = { flips: 0 }
          routing.reset({ kind, hits: (statement) => commits(statement, seen) })
          const lost = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))
          expect(routing.hit, lost.message).not.toBeNull()
          expect({ exit: lost.exit, code: lost.code }, lost.message).toEqual({ exit: 6, code: 'OM5002' })
          expect(await cells.route()).toBe(isDone ? 'cell-b' : 'cell-a')
          for (const role of ['source', 'target'] as const) expect(await isFenced(cells, role), role).toBe(true)

          routing.reset()
          await cells.endLease()
          const id = (await cells.moveId()) ?? ''
          const decided = await cells.run((app, io) => (remedy === 'resume' ? app.resume(id, io) : app.abort(id, io)))
          if (remedy === 'resume') {
            expect({ exit: decided.exit, state: decided.document?.state }, decided.message).toEqual({ exit: 0, state: 'cut_over' })
            expect([await cells.route(), await isFenced(cells, 'source'), await isFenced(cells, 'target')]).toEqual(['cell-b', true, false])
          } else if (isDone) {
            expect([decided.exit, decided.code], decided.message).toEqual([3, 'OM2006'])
            expect(await cells.route()).toBe('cell-b')
          } else {
            expect({ exit: decided.exit, state: decided.document?.state }, decided.message).toEqual({ exit: 0, state: 'aborted' })
            expect(await cells.look()).toEqual(before)
            expect(await cells.route()).toBe('cell-a')
          }
        })
      }
    }
  }
})

/** Whether the cell rejects a write to the organization; one that it accepts changes nothing. */
async function isFenced(cells: SmallCells, role: 'source' | 'target'): Promise<boolean> {
  try {
    await cells.databases[role].query('UPDATE public.organizations SET name = name WHERE id = $1', [ORG])
    return false
  } catch (error) {
    if (typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'OM001') return true
    throw error
  }
}
