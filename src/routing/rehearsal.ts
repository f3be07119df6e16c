import { tableKey } from '../domain/catalog.js'
import type { TableName } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { qualified } from '../postgres/quote.js'

/** Routing has no cell of its own. */
const PLACE = { cell: 'routing' }
/** What the server, a trigger or a constraint makes of the flip; everything else is no matter of the routing table. */
const REFUSALS = ['OM2010', 'OM2106', 'OM3007', 'OM3012', 'OM5001']

/** What became of a flip that was tried in vain. Throws what says nothing of the routing table: a lost connection, a configuration that is wrong. */
export function unwritable(table: TableName, error: unknown): Finding {
  if (!(error instanceof MoverError)) throw error
  const place = { ...PLACE, schema: table.schema, table: table.name }
  if (error.code === 'OM3003') return finding('OM2133', 'warning', place, { message: `whether the route can be flipped was not seen: another session holds its row (${error.message})`, hint: 'find out who locks rows of the routing table for so long: the cutover would wait for it, and give up' })
  if (!REFUSALS.includes(error.code)) throw error
  return finding('OM2133', 'error', place, {
    message: `the UPDATE that would flip the route fails, as was seen without changing anything: ${error.message}`,
    hint: `correct the table ${tableKey(table)}, its constraints and triggers, what the role may do with it (schema/roles.sql), or \`routing\` in the configuration (docs/routing.md)`,
  })
}

export function unrehearsed(table: TableName, { trigger, way }: { readonly trigger: string; readonly way: string }): Finding {
  return finding('OM2133', 'warning', { ...PLACE, schema: table.schema, table: table.name }, {
    message: `the flip of the route was planned, but not tried: trigger ${trigger} of ${tableKey(table)} could tell somebody of it by way of ${way} before it is rolled back`,
    hint: `try by hand, in a transaction that is rolled back, an UPDATE of ${qualified(table)} to the target, if that is harmless`,
  })
}
