import { keySetRelation, mapRelation, sharedRelation } from '../dataplane/names.js'
import type { Scope } from '../dataplane/owned-rows.js'
import { withoutIdentityMaps } from '../dataplane/lookup-maps.js'
import type { MapRelation } from '../dataplane/projection.js'
import type { SharedContext } from '../dataplane/shared-rows.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { MoveContext } from './context.js'

/** The plan with what SQL is compiled against once the move's own relations are in the cells' databases. */
export interface FrozenPlan {
  readonly plan: MovePlan
  readonly scope: Scope
  readonly map: MapRelation
  readonly shared: SharedContext
}

/** Phases ask for it with every chunk; the plan of a large schema is not compiled again each time. */
const compiled = new WeakMap<MovePlan, { readonly key: string; readonly frozen: FrozenPlan }>()

export function frozenPlan(ctx: Pick<MoveContext, 'journal' | 'holder' | 'secrets'>): FrozenPlan {
  const { moveId } = ctx.holder
  const original = ctx.journal.plan()
  const identical = ctx.journal.manifest().identicalLookups ?? []
  const key = `${moveId} ${identical.join()}`
  const known = compiled.get(original)
  if (known?.key === key) return known.frozen
  const plan = withoutIdentityMaps(original, new Set(identical))
  const scope: Scope = { org: plan.org, keySets: plan.keySets, relation: (set) => keySetRelation(moveId, set.no) }
  const map: MapRelation = (no) => mapRelation(moveId, no)
  const frozen: FrozenPlan = { plan, scope, map, shared: { plan, scope, temporary: false, relation: (no) => sharedRelation(moveId, no), secrets: ctx.secrets.pass } }
  compiled.set(original, { key, frozen })
  return frozen
}
