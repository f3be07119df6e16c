import { MoverError } from '../../domain/errors.js'
import { withClient } from './demo-cells.js'
import type { DemoCells } from './demo-cells.js'

/** Writes as an application would, rolled back where they are accepted: what each cell says, one line each. */
export async function tryFence(cells: DemoCells, org: string, neighbour: string): Promise<readonly string[]> {
  const rejected = await tryWrite(cells.url('source'), org)
  const accepted = await tryWrite(cells.url('target'), org)
  const neighbours = await tryWrite(cells.url('source'), neighbour)
  if (rejected === null || accepted !== null || neighbours !== null) {
    throw new MoverError({ code: 'OM4001', message: 'the fence is not where it must be: after the cutover only cell-b may accept writes to the organization, and cell-a those to its neighbours', hint: 'this is a bug in org-mover; report it with this output', retry: 'never' })
  }
  return [`cell-a, organization ${org}: rejected (${rejected})`, `cell-b, organization ${org}: accepted`, `cell-a, organization ${neighbour}, its neighbour: accepted`]
}

/** Null where the cell would take it. */
async function tryWrite(url: string, org: string): Promise<string | null> {
  return withClient(url, async (client) => {
    await client.query('BEGIN')
    try {
      await client.query('UPDATE projects SET name = name WHERE organization_id = $1', [org])
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      await client.query('ROLLBACK')
    }
  })
}
