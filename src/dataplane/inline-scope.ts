import type { KeySet, MovePlan } from '../domain/move-plan.js'
import { columnOf } from '../postgres/quote.js'
import { rowsOfSet } from './owned-rows.js'
import type { Scope } from './owned-rows.js'

/**
 * A scope that asks the parents themselves instead of the key sets: another path to the same rows, by which totals are
 * counted after the load (a verifier that goes the copier's way misses what the copier missed). Sets that depend on
 * themselves, or whose owner is in another database, fall back to the move's relations.
 */
export function inlineScope(plan: MovePlan, database: string, fallback: Scope): Scope {
  const scope: Scope = { org: plan.org, keySets: plan.keySets, relation: (set) => (set.circle !== null || set.owner.database !== database ? fallback.relation(set) : asked(plan, set, scope)) }
  return scope
}

function asked(plan: MovePlan, set: KeySet, scope: Scope): string {
  const { from, where } = rowsOfSet(set, plan.owned, scope)
  return `(SELECT ${set.columns.map((name, n) => `${columnOf('t', name)} AS c${n + 1}`).join(', ')} FROM ${from} WHERE ${where})`
}
